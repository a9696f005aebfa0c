"""Settings, read from the environment; `Environment` is the whole list of what can be set.

Two shapes, chosen by the variables alone: the embedded default (SQLite, memory bus, console mail) and
production (`PORCHLIGHT_MODE=production` with `DATABASE_URL` and `REDIS_URL`).
"""

from __future__ import annotations

import secrets
import sys
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import available_timezones

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent.parent
KEY_FILE = "secret-key"


class Environment(BaseSettings):
    """Every variable that Porchlight reads; the README's configuration table is tested against this class."""

    model_config = SettingsConfigDict(case_sensitive=False, extra="ignore")

    mode: Literal["embedded", "production"] = Field("embedded", validation_alias="PORCHLIGHT_MODE")
    debug: bool = Field(False, validation_alias="PORCHLIGHT_DEBUG")
    data: Path = Field(BASE_DIR / "data", validation_alias="PORCHLIGHT_DATA")
    secret_key: str = Field("", validation_alias="PORCHLIGHT_SECRET_KEY")
    old_secret_keys: str = Field("", validation_alias="PORCHLIGHT_OLD_SECRET_KEYS")
    hosts: str = Field("", validation_alias="PORCHLIGHT_HOSTS")
    origins: str = Field("", validation_alias="PORCHLIGHT_ORIGINS")
    url: str = Field("", pattern=r"^(https?://[^\s/]+)?$", validation_alias="PORCHLIGHT_URL")
    database_url: str = Field("", validation_alias="DATABASE_URL")
    database_pool_max: int = Field(20, ge=2, le=500, validation_alias="PORCHLIGHT_DATABASE_POOL_MAX")
    redis_url: str = Field("", validation_alias="REDIS_URL")
    email_url: str = Field("", validation_alias="EMAIL_URL")
    email_from: str = Field("Porchlight <porchlight@localhost>", validation_alias="PORCHLIGHT_EMAIL_FROM")
    time_zone: str = Field("America/New_York", validation_alias="PORCHLIGHT_TIME_ZONE")
    country: str = Field("US", pattern=r"^[A-Za-z]{2}$", validation_alias="PORCHLIGHT_COUNTRY")
    help_lines: Path | None = Field(None, validation_alias="PORCHLIGHT_HELP_LINES")
    exit_url: str = Field(
        "https://www.weather.gov/", pattern=r"^https://[^\s]+$", validation_alias="PORCHLIGHT_EXIT_URL"
    )
    link_hosts: str = Field(
        "zoom.us,meet.google.com,teams.microsoft.com,webex.com,doxy.me",
        validation_alias="PORCHLIGHT_LINK_HOSTS",
    )
    place: str = Field("", max_length=200, validation_alias="PORCHLIGHT_PLACE")
    sends_per_min: int = Field(40, ge=1, le=10_000_000, validation_alias="PORCHLIGHT_SENDS_PER_MIN")
    keep_days: int = Field(0, ge=0, le=36_500, validation_alias="PORCHLIGHT_KEEP_DAYS")
    behind_proxy: bool = Field(False, validation_alias="PORCHLIGHT_BEHIND_PROXY")
    allow_loadtest: bool = Field(False, validation_alias="PORCHLIGHT_ALLOW_LOADTEST")
    sqlite_synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL", validation_alias="PORCHLIGHT_SQLITE_SYNCHRONOUS"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="PORCHLIGHT_LOG_LEVEL"
    )

    @field_validator("database_url")
    @classmethod
    def _database_kind(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError("must start with postgresql:// or sqlite://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_kind(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("email_url")
    @classmethod
    def _email_kind(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"smtp", "smtps", "smtp+tls", "console"}:
            raise ValueError("must start with smtp://, smtps://, smtp+tls:// or console://")
        return value

    @field_validator("email_from")
    @classmethod
    def _email_address(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1]:
            raise ValueError("must hold an e-mail address")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("must be an IANA time zone such as America/Denver")
        return value

    @model_validator(mode="after")
    def _production_is_safe(self) -> Environment:
        if self.mode != "production":
            return self
        if len(self.secret_key) < 50:
            raise ValueError(
                "PORCHLIGHT_SECRET_KEY: production needs a secret of its own, at least 50 characters"
            )
        if self.debug:
            raise ValueError("PORCHLIGHT_DEBUG: must be off in production")
        if not self.hosts or "*" in self.hosts:
            raise ValueError("PORCHLIGHT_HOSTS: production needs the exact host names, without wildcards")
        if not self.database_url.startswith("postgres"):
            raise ValueError("DATABASE_URL: production needs postgresql://")
        if not self.redis_url:
            raise ValueError("REDIS_URL: production needs redis://")
        return self


def read_environment() -> Environment:
    """Read and check the environment. Raises ImproperlyConfigured, naming each wrong variable."""
    try:
        return Environment()
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]).upper() if problem["loc"] else ""
            text = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {text}" if name else text)
        raise ImproperlyConfigured("Wrong settings in the environment:\n  " + "\n  ".join(lines)) from None


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def embedded_secret(folder: Path) -> str:
    """The instance's own secret, made at the first start and kept beside its data (readable by the owner only)."""
    file = folder / KEY_FILE
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("x") as handle:
                file.chmod(0o600)
                handle.write(secrets.token_urlsafe(64))
        except FileExistsError:
            pass
        return file.read_text().strip()


def database(url: str, folder: Path) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme in {"postgres", "postgresql"}:
        options: dict[str, object] = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or options.pop("host", ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 0,
            "OPTIONS": {
                **options,
                "options": "-c lock_timeout=8000 -c idle_in_transaction_session_timeout=15000",
                "pool": {"min_size": 2, "max_size": env.database_pool_max, "timeout": 10},
            },
        }
    name = unquote(parts.path) if url else str(folder / "porchlight.sqlite3")
    return {
        "ENGINE": "community.live.sqlite",
        "NAME": name,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={env.sqlite_synchronous}; "
                "PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY"
            ),
        },
        "TEST": {"NAME": str(folder / "test.sqlite3")},
    }


def email(url: str) -> dict[str, object]:
    parts = urlsplit(url or "console://")
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    return {
        "EMAIL_BACKEND": "community.notifications.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 20,
    }


env = read_environment()
PRODUCTION = env.mode == "production"
env.data.mkdir(parents=True, exist_ok=True)

DEBUG = env.debug
SECRET_KEY = env.secret_key or embedded_secret(env.data)
SECRET_KEY_FALLBACKS = listed(env.old_secret_keys)
ALLOWED_HOSTS = listed(env.hosts) or ["localhost", "127.0.0.1", "[::1]"]
# Exact origins (scheme, host, port) that may open a socket or post; empty means that of the request's own Host.
PORCHLIGHT_ORIGINS = listed(env.origins) or (
    [f"https://{host}" for host in ALLOWED_HOSTS] if PRODUCTION else []
)
CSRF_TRUSTED_ORIGINS = PORCHLIGHT_ORIGINS
PORCHLIGHT_URL = env.url or (PORCHLIGHT_ORIGINS[0] if PORCHLIGHT_ORIGINS else "http://localhost:8000")
PORCHLIGHT_DATA = env.data
PORCHLIGHT_SENDS_PER_MIN = env.sends_per_min
PORCHLIGHT_KEEP_DAYS = env.keep_days
PORCHLIGHT_ALLOW_LOADTEST = env.allow_loadtest
PORCHLIGHT_COUNTRY = env.country.upper()
PORCHLIGHT_HELP_LINES = env.help_lines
PORCHLIGHT_EXIT_URL = env.exit_url
PORCHLIGHT_PLACE = env.place
PORCHLIGHT_LINK_HOSTS = listed(env.link_hosts)
REDIS_URL = env.redis_url

DATABASES = {"default": database(env.database_url, env.data)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "servestatic",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "community.live",
    "moderation.audit",
    "moderation.sanctions",
    "moderation.crisis",
    "community.house",
    "community.notifications",
    "community.members",
    "community.members.signin",
    "community.members.blocks",
    "community.groups",
    "community.invitations",
    "community.calendar",
    "sessions.rooms",
    "sessions.formats",
    "sessions.direct",
    "sessions.meetings",
    "sessions.bookings",
    "sessions.attendance",
    "community.home",
    "community.desk",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "community.home.middleware.KeptNowhere",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "community.members.signin.middleware.KeptSignIn",
    "community.members.middleware.MemberReading",
    "community.invitations.middleware.RulesFirst",
]

ROOT_URLCONF = "community.config.urls"
ASGI_APPLICATION = "community.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "community.house.context.house",
                "community.notifications.context.inbox",
            ],
        },
    }
]

# People
AUTH_USER_MODEL = "members.Member"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "community.members.signin.passwords.LongEnough"},
    {"NAME": "community.members.signin.passwords.NotGuessed"},
]
ACCOUNT_ADAPTER = "community.members.signin.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_FORMS = {
    "login": "community.members.signin.forms.SignInForm",
    "reset_password": "community.members.signin.forms.AskForLinkForm",
    "reset_password_from_key": "community.members.signin.forms.NewPasswordForm",
    "change_password": "community.members.signin.forms.ChangePasswordForm",
    "set_password": "community.members.signin.forms.FirstPasswordForm",
    "request_login_code": "community.members.signin.forms.AskForCodeForm",
    "confirm_login_code": "community.members.signin.forms.MailedCodeForm",
    "reauthenticate": "community.members.signin.forms.PasswordAgainForm",
}
# allauth's own writes a row for an address that is known, and none for one that is not.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - the name of a class
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
# Beside those of allauth: coming in by an invitation (many may do so behind one address), asking for one, the ways back
# in, and checking a certificate.
ACCOUNT_RATE_LIMITS = {
    "join": "60/h/ip",
    "ask_to_come_in": "10/h/ip",
    "lost": "5/h/ip",
    "recovery_code": "10/m/ip",
    "certificate": "20/10m/ip",
}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
MFA_ADAPTER = "community.members.signin.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "community.members.signin.forms.SecondFactorForm",
    "reauthenticate": "community.members.signin.forms.SecondFactorAgainForm",
    "activate_totp": "community.members.signin.forms.AppForm",
    "add_webauthn": "community.members.signin.forms.PasskeyForm",
    "login_webauthn": "community.members.signin.forms.PasskeySignInForm",
    "authenticate_webauthn": "community.members.signin.forms.PasskeySecondForm",
    "reauthenticate_webauthn": "community.members.signin.forms.PasskeyAgainForm",
    "edit_webauthn": "community.members.signin.forms.RenamePasskeyForm",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "/accounts/login/"

SESSION_ENGINE = "community.members.signin.store"
SESSION_COOKIE_NAME = "sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The row of the sign-in decides when it ends; the cookie only must not go first.
SESSION_COOKIE_AGE = 60 * 60 * 24 * 400
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "community.home.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Every byte from our own origin, and nothing inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [NONE],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
if env.behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1

CACHES = (
    {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    if REDIS_URL
    else {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
)

DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.email_from
for _name, _value in email(env.email_url).items():
    globals()[_name] = _value

LANGUAGE_CODE = "en-us"
# Those that the pages are written in; the first is the house's.
LANGUAGES = [("en", "English")]
TIME_ZONE = env.time_zone
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.data / "static"
STATICFILES_DIRS = [BASE_DIR / "community" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "community.home.storage.HashedStaticFiles"},
}
MEDIA_ROOT = env.data / "media"

# Nothing personal in logs: no query strings, no addresses, no bodies.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
    ],
    logger_factory=structlog.PrintLoggerFactory(sys.stderr),
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"community": {"level": env.log_level}, "django.request": {"level": "ERROR"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
