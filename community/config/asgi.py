"""The ASGI application: sockets to the live engine, everything else to Django."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.config.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from community.live.routing import build

application = build(django_application)
