"""`manage.py up`: everything in one place, for one machine. `make run` is this."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from jobs.live import serving  # before anything else of Twisted: see there

# isort: split
from jobs.actions import batches, reconcile_open, tend
from jobs.live import feed, preparing
from jobs.live.conducting import ConductorKeeper
from jobs.live.events import EventDraft, store
from jobs.live.occupying import HomeTaken, occupied
from jobs.live.relays import RelayThread
from jobs.live.surviving import surviving
from jobs.registry.models import Conductor

_RELAYS_END_S = 15.0


class Command(BaseCommand):
    """Prepares, starts the conductor, the relay and the server, and ends them in good order."""

    help = "Start Podium: web server, relay and (unless PODIUM_CONDUCTOR is set) a conductor."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGTERM or Ctrl-C."""
        signal.signal(signal.SIGTERM, _leave)
        try:
            with occupied(settings.PODIUM_HOME, settings.PODIUM_URL):
                self._live()
        except HomeTaken as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Podium has ended.")

    def _live(self) -> None:
        try:
            serving.check_address(settings.PODIUM_BIND, settings.PORT)
        except serving.CannotListen as error:
            raise CommandError(str(error)) from error
        keeper = _keeper()
        relays = RelayThread(reconcile=reconcile_open, tend=tend)
        try:
            if keeper is not None:
                keeper.start()  # it takes a second, in which the rest is prepared
            self._run(keeper, relays)
        except KeyboardInterrupt:
            self.stdout.write("Interrupted before Podium was ready.")
        finally:
            # The conductor is told to end once all sockets are closed; the relay stays until it
            # has ended, so that what running sheets still say is stored.
            batches.stop()
            if keeper is not None:
                self._end(keeper)
            relays.stop(_RELAYS_END_S)
            feed.close()

    def _run(self, keeper: ConductorKeeper | None, relays: RelayThread) -> None:
        if preparing.migrate():
            self.stdout.write("The database is ready.")
        if preparing.collect_static():
            self.stdout.write("The static files are ready.")
        admin = preparing.ensure_admin()
        conductor = preparing.ensure_conductor()
        connections.close_all()
        if keeper is not None:
            keeper.watch()
        relays.start()
        self._serve(conductor, admin)

    def _serve(self, conductor: Conductor, admin: preparing.FirstAdmin | None) -> None:
        from dashboard_project.asgi import application

        try:
            has_served = serving.serve(
                application,
                bind=settings.PODIUM_BIND,
                port=settings.PORT,
                when_listening=lambda: self._greet(conductor, admin),
            )
        except serving.CannotListen as error:
            raise CommandError(str(error)) from error
        if not has_served:
            raise CommandError(f"Port {settings.PORT} was taken at the last moment.")

    def _end(self, keeper: ConductorKeeper) -> None:
        self.stdout.write(
            "Ending the conductor; running sheets get a few seconds, and their jobs go on at the "
            "next start. Ctrl-C again does not wait."
        )

        def hurry(_number: int, _frame: FrameType | None) -> None:
            keeper.hurry()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, hurry)
        keeper.stop()

    def _greet(self, conductor: Conductor, admin: preparing.FirstAdmin | None) -> None:
        lines = ["", f"  Podium is at    {settings.PODIUM_URL}/"]
        if admin is not None:
            lines.append(f"  Log in as       {admin.username}")
            lines.append(
                f"  with password   {admin.password}   (shown this once; change it after login)"
                if admin.password
                else "  with the password of PODIUM_ADMIN_PASSWORD"
            )
        what = "embedded" if conductor.kind == Conductor.Kind.EMBEDDED else "Marianne"
        lines.append(f"  Conductor       {what}, {conductor.socket_path}")
        lines.append(f"  Data            {settings.PODIUM_HOME}")
        lines += ["", "  Begin with “Submit” and one of the sample scores. Ctrl-C ends Podium.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _keeper() -> ConductorKeeper | None:
    """What keeps the embedded conductor alive; None where another one is configured."""
    if settings.PODIUM_CONDUCTOR:
        return None

    def tell(event: str, data: dict[str, Any]) -> None:
        with surviving("what became of the conductor is not told", event=event):
            try:
                store([EventDraft(preparing.EMBEDDED, None, "", event, data=data)])
            finally:
                connections.close_all()  # of this thread, which hardly ever needs one

    return ConductorKeeper(
        settings.PODIUM_HOME,
        preparing.embedded_socket(),
        wrapper=settings.PODIUM_SHEET_WRAPPER,
        tell=tell,
    )


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM before the server has taken over: end as after an error, cleaning up."""
    sys.exit(0)
