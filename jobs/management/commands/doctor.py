"""`manage.py doctor`: what is wrong with this installation, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from jobs.management import conductor_doctor, database_doctor, site_doctor
from jobs.management.examination import Finding, Findings, State, failed

_EXAMINATIONS: Final[tuple[tuple[str, Callable[[], Findings]], ...]] = (
    ("settings", site_doctor.examine_settings),
    ("folders", site_doctor.examine_folders),
    ("open files", site_doctor.examine_open_files),
    ("database", database_doctor.examine),
    ("channel layer", site_doctor.examine_channel_layer),
    ("conductors", conductor_doctor.examine),
)


class Command(BaseCommand):
    """Looks and changes nothing; exit code 1 when something has failed."""

    help = "Examine this installation: settings, folders, database, audit log, conductors."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it is made."""
        counts = dict.fromkeys(State, 0)
        for name, examine in _EXAMINATIONS:
            for finding in _guarded(name, examine):
                counts[finding.state] += 1
                self.stdout.write(self._coloured(finding))
        summary = f"{counts[State.FAILED]} failed, {counts[State.WARNING]} warnings."
        if counts[State.FAILED]:
            raise CommandError(summary)
        self.stdout.write(summary)

    def _coloured(self, finding: Finding) -> str:
        styles = {
            State.OK: self.style.SUCCESS,
            State.WARNING: self.style.WARNING,
            State.FAILED: self.style.ERROR,
        }
        return styles[finding.state](str(finding))


def _guarded(name: str, examine: Callable[[], Findings]) -> Findings:
    """A database that breaks in the middle is a finding, not a traceback."""
    try:
        yield from examine()
    except DatabaseError as error:
        yield failed(name, f"the database does not answer: {str(error).strip()}")
