"""`manage.py conductor`: run the embedded conductor in this process."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand

from jobs.embedded.command import add_arguments, run, settings_from


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C; then its jobs go on from their checkpoint at the next start."""

    help = "Run the embedded conductor, which really runs scores with `instrument: cli`."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """As `python -m jobs.embedded`, with Podium's own settings as defaults."""
        add_arguments(parser)
        for action in parser._actions:  # argparse has no public way to relax an argument
            if action.dest == "home":
                action.required = False
        parser.set_defaults(
            home=django_settings.PODIUM_HOME, wrapper=django_settings.PODIUM_SHEET_WRAPPER
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it; a conductor that lives here already is an error of its own."""
        status = run(settings_from(argparse.Namespace(**options)))
        if status:
            sys.exit(status)
