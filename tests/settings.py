"""Settings of the tests: the project's own, on throw-away ground.

`PORCHLIGHT_TEST_DATABASE=postgres` chooses real PostgreSQL and Redis servers.
"""

import atexit

from tests import services

# Before the project's settings read the environment.
GROUND = services.lay_ground()
atexit.register(GROUND.clear)

from community.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Nothing is collected for the tests; ServeStatic warns of a folder that is missing.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
