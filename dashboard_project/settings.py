"""Settings, all of them from the environment, with defaults that are safe in production.

The names are fixed; README.md lists them with their defaults.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from dashboard_project import logs
from dashboard_project.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

PODIUM_HOME = Path(env.str("PODIUM_HOME", str(BASE_DIR / "var"))).resolve()
PODIUM_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
PORT = env.int("PORT", 8000)
PODIUM_BIND = env.str("PODIUM_BIND", "127.0.0.1")
PODIUM_URL = env.str("PODIUM_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
PODIUM_CONDUCTOR = env.str("PODIUM_CONDUCTOR", "")  # a real conductor's socket; empty: embedded
PODIUM_ADMIN_USERNAME = env.str("PODIUM_ADMIN_USERNAME", "admin")
PODIUM_ADMIN_PASSWORD = env.str("PODIUM_ADMIN_PASSWORD", "")  # empty: random, printed once


def _roots(name: str, default: Path) -> tuple[Path, ...]:
    """Folders from a colon-separated variable, resolved; the default folder is created."""
    listed = [Path(part) for part in env.str(name, "").split(":") if part]
    if not listed:
        default.mkdir(mode=0o700, parents=True, exist_ok=True)
        listed = [default]
    return tuple(path.resolve() for path in listed)


PODIUM_SCORE_ROOTS = _roots("PODIUM_SCORE_ROOTS", PODIUM_HOME / "scores")
PODIUM_WORKSPACE_ROOTS = _roots("PODIUM_WORKSPACE_ROOTS", PODIUM_HOME / "workspaces")
PODIUM_SUBMISSIONS = PODIUM_HOME / "submissions"
PODIUM_SHEET_WRAPPER = env.str("PODIUM_SHEET_WRAPPER", "")  # command put before each sheet's bash
PODIUM_MAX_SHEETS = env.int("PODIUM_MAX_SHEETS", 10_000)
PODIUM_MAX_SCORE_BYTES = env.int("PODIUM_MAX_SCORE_BYTES", 1_048_576)
PODIUM_EVENT_KEEP = env.int("PODIUM_EVENT_KEEP", 1_000_000)  # newest live events kept
PODIUM_MAX_CONNECTIONS = env.int("PODIUM_MAX_CONNECTIONS", 2_000)  # of any kind, per web process
PODIUM_MAX_SOCKETS = env.int("PODIUM_MAX_SOCKETS", 1_000)  # live connections per web process
PODIUM_MAX_SOCKETS_PER_USER = env.int("PODIUM_MAX_SOCKETS_PER_USER", 200)
# Regular expressions (RE2), one a line: what they match is masked in logs and in what is stored.
PODIUM_SECRET_PATTERNS = tuple(
    line.strip() for line in env.str("PODIUM_SECRET_PATTERNS", "").splitlines() if line.strip()
)
PODIUM_TRUSTED_PROXIES = tuple(
    ipaddress.ip_network(part) for part in env.list("PODIUM_TRUSTED_PROXIES", default=[])
)

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or secret_key(PODIUM_HOME / "secret_key")

_url = urlsplit(PODIUM_URL)
IS_HTTPS = _url.scheme == "https"
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[_url.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = [f"{_url.scheme}://{_url.netloc}"]
if not IS_HTTPS:
    CSRF_TRUSTED_ORIGINS += [
        f"http://{host}:{PORT}" for host in ("localhost", "127.0.0.1", "[::1]")
    ]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.int("PODIUM_SESSION_AGE_S", 12 * 3600)
SESSION_COOKIE_NAME = "podium_session"
CSRF_COOKIE_NAME = "podium_csrf"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_SSL_REDIRECT = False  # the proxy's task: /healthz must answer on plain loopback
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PODIUM_TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "jobs.admin.apps.PodiumAdminConfig",  # stock django.contrib.admin with Podium's site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "axes",
    "csp",
    "django_htmx",
    "django_prometheus",
    "ninja",  # its static files, for /api/docs without a CDN
    "jobs",
]

MIDDLEWARE = [
    "jobs.access.requests.ForwardedProtoMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "jobs.access.requests.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "jobs.admin.zones.ZoneMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "dashboard_project.urls"
ASGI_APPLICATION = "dashboard_project.asgi.application"
WSGI_APPLICATION = None
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
CSRF_FAILURE_VIEW = "jobs.admin.errors.csrf_failure"

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
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{PODIUM_HOME / 'podium.sqlite3'}")}
_IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if _IS_SQLITE:
    # IMMEDIATE: a deferred transaction that turns to writing meets "database is locked" at once
    # instead of waiting (measured: 4,255 errors in 2 s with 4 writers). FULL: an audit record
    # that was answered for must survive a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # A wait for a lock ends, as it does on SQLite.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c lock_timeout=15s")
# Kept with the threads that requests are answered in (`threads.py`).
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", not _IS_SQLITE)
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
CHANNEL_LAYERS = {
    "default": (
        {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
# For pages of stock admin that print a moment by themselves; Podium's own go by the person's zone.
DATETIME_FORMAT = "Y-m-d H:i"
DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i"

STATIC_URL = "/static/"
STATIC_ROOT = PODIUM_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is uploaded
    "staticfiles": {"BACKEND": "dashboard_project.static.ModuleStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "jobs.access.requests.client_ip"  # believes trusted proxies alone
AXES_USERNAME_CALLABLE = "jobs.access.logins.counted_name"  # axes' column has 255 characters
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "lockout.html"
AXES_ENABLE_ADMIN = False  # `manage.py axes_reset` opens a lock; lists of attempts are no page here
AXES_DISABLE_ACCESS_LOG = True  # logins are in the audit log

SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for the hosts below ours: not ours to say
    "security.W008",  # SECURE_SSL_REDIRECT: see above
    "security.W021",  # HSTS preload: likewise
]

logs.configure()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "dashboard_project.logs.line_formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("PODIUM_LOG_LEVEL", "INFO")},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
