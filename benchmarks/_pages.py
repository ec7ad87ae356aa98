"""What benchmarks on a database share: an empty one for each run, and a superuser's client."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any


def run_on_each(
    file: str, databases: Sequence[str], arguments: Sequence[str], *, durable: bool, log_level: str
) -> None:
    """Run a benchmark with `--here` once for each database, for settings are read once."""
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="podium-bench-") as home:
            environment = os.environ | {"PODIUM_HOME": home, "PODIUM_LOG_LEVEL": log_level}
            environment.pop("DATABASE_URL", None)
            command = [sys.executable, file, database, *arguments, "--here"]
            if database == "sqlite":
                subprocess.run(command, env=environment, check=True)
                continue
            from tests.services.postgresql import postgresql_server

            with postgresql_server(durable=durable) as server:
                environment["DATABASE_URL"] = server.create_database()
                subprocess.run(command, env=environment, check=True)


def empty_site() -> None:
    """Django with its tables, answering its test client as it would a browser."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard_project.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")
    call_command("migrate", verbosity=0)


def client_of_root() -> Any:
    """A test client in which a superuser is logged in."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    root = User.objects.create_superuser("root", password="x")
    client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    return client
