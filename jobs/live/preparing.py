"""What has to be in place before Podium serves: tables, static files, a first user, a conductor.

Each looks first, quickly, and does only what is missing: a second start has to be fast.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor

from jobs.embedded import Home
from jobs.embedded.ownership import owner_of
from jobs.embedded.paths import default_socket_path, read_note
from jobs.registry.models import Conductor

EMBEDDED: Final = "embedded"
CONFIGURED: Final = "conductor"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The account that was just made; `password` is None where it came from the environment."""

    username: str
    password: str | None


def migrate() -> bool:
    """Bring the tables up to date; False when they were."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def collect_static() -> bool:
    """Collect the static files where any has changed since the last time; False when none had."""
    stamp_file = Path(settings.STATIC_ROOT) / ".stamp"
    stamp = _static_stamp()
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp_file.parent.mkdir(parents=True, exist_ok=True)
    stamp_file.write_text(stamp)
    return True


def ensure_admin() -> FirstAdmin | None:
    """Make the first administrator where there is none; None when there is."""
    if User.objects.filter(is_superuser=True, is_active=True).exists():
        return None
    given = settings.PODIUM_ADMIN_PASSWORD
    password = given or secrets.token_urlsafe(12)
    try:
        user = User.objects.create_superuser(settings.PODIUM_ADMIN_USERNAME, password=password)
    except IntegrityError:
        return None  # the name is taken: by another start at this moment, or by nobody's admin
    return FirstAdmin(user.get_username(), None if given else password)


def ensure_conductor() -> Conductor:
    """The conductor of this installation: the configured one, else the embedded one.

    The other of the two is disabled; its history stays. Conductors that somebody added are left
    as they are.
    """
    if settings.PODIUM_CONDUCTOR:
        slug, other = CONFIGURED, EMBEDDED
        name, kind = "Conductor", Conductor.Kind.REAL
        path = str(Path(settings.PODIUM_CONDUCTOR).absolute())
    else:
        slug, other = EMBEDDED, CONFIGURED
        name, kind = "Embedded conductor", Conductor.Kind.EMBEDDED
        path = str(embedded_socket())
    Conductor.objects.filter(slug=other, is_enabled=True).update(is_enabled=False)
    defaults = {"kind": kind, "socket_path": path, "is_enabled": True}
    conductor, _ = Conductor.objects.update_or_create(
        slug=slug, defaults=defaults, create_defaults={"name": name, **defaults}
    )
    return conductor


def embedded_socket() -> Path:
    """The socket of the embedded conductor: that of the one that lives, or of the next one."""
    home = Home(settings.PODIUM_HOME)
    noted = read_note(home) if owner_of(home) is not None else None
    return noted or default_socket_path(home.folder)


def _static_stamp() -> str:
    """Changes when a static file does, or what processes them."""
    digest = hashlib.sha256(f"{version('whitenoise')} {version('django')}".encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
