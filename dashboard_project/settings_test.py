"""Settings for tests: a file database (threads share it), plain static files, fast hashing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_home = Path(tempfile.gettempdir()) / f"podium-test-{os.getuid()}"
os.environ["PODIUM_HOME"] = str(_home)
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url
else:
    os.environ.pop("DATABASE_URL", None)
os.environ.setdefault("SECRET_KEY", "only for tests: nothing here is secret, yet it has to be long")

from dashboard_project.settings import *  # noqa: E402, F403 - the environment must be set first
from dashboard_project.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")
# A handler of Django's own, without the threads that are kept, leaves nobody to close them later.
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # The appender and the relay write from threads of their own: an in-memory database is
    # private to its connection.
    DATABASES["default"]["TEST"] = {"NAME": str(_home / f"test-{os.getpid()}.sqlite3")}
