"""`manage.py audit`: prove the log, hand it out, make its lists anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import get_default_timezone, make_aware

from jobs.audit import Origin, export, note, triggers, verify
from jobs.audit.filters import ATTEMPT_LOOKUPS
from jobs.audit.lists import MAX_NAMED, Difference, Differences, compare, rebuild
from jobs.audit.models import Action
from jobs.audit.verbs import VERB_WORDS
from jobs.management.run_scores import AlteredRun, altered_runs
from jobs.management.score_texts import AlteredText, altered_texts
from jobs.terms import Channel, Outcome

BROKEN: Final = 1
LISTS_DIFFER: Final = 2
UNUSABLE: Final = 3
SCORES_DIFFER: Final = 4


class Command(BaseCommand):
    """Exit code 0: all is well; 1: the chain is broken; 2: lists differ; 3: cannot be told.

    4: the chain and the lists are well, but a score, or a run's score, is not what was recorded.
    """

    help = "Verify or export the audit log, or rebuild its lists."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for each."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        proof = commands.add_parser("verify", help="prove the chain; name the first broken record")
        proof.add_argument(
            "--expect-head",
            metavar="HASH",
            default="",
            help="a head that was kept elsewhere: it must still be in the chain",
        )
        out = commands.add_parser("export", help="write the records as JSON lines")
        out.add_argument("--output", metavar="FILE", help="instead of standard output")
        for name in ("actor", "conductor", "job-id"):
            out.add_argument(f"--{name}", metavar=name.upper())
        out.add_argument("--verb", choices=list(VERB_WORDS), metavar="VERB")
        out.add_argument("--outcome", choices=[str(outcome) for outcome in Outcome])
        out.add_argument("--channel", choices=[str(channel) for channel in Channel])
        out.add_argument("--job", metavar="NUMBER", type=_number, help="Podium's number of the run")
        for name in ("since", "until"):
            out.add_argument(f"--{name}", metavar="TIME", type=_moment, help="UTC unless it says")
        commands.add_parser("rebuild", help="make the lists anew from the records")

    def handle(self, *args: Any, command: str, **options: Any) -> None:
        """Do what was asked for."""
        try:
            match command:
                case "verify":
                    self._verify(options["expect_head"].strip().lower())
                case "export":
                    self._export(options)
                case _:
                    self._rebuild()
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be read: {error}", returncode=UNUSABLE
            ) from error

    def _verify(self, expected_head: str) -> None:
        result = verify(expected_head=expected_head)
        if result.broken is not None:
            raise CommandError(
                f"BROKEN at record {result.broken.n} of chain {result.chain}"
                f"{_row(result.broken.record_id)}: {result.broken.why}.\n"
                f"The {result.count} records before it are proven, up to {result.head_hash}.",
                returncode=BROKEN,
            )
        if result.count:
            self.stdout.write(f"{result.count} records of chain {result.chain} are proven.")
        else:
            self.stdout.write(f"Chain {result.chain} has no records, so nothing is proven.")
        if absent := triggers.missing(connection):
            self.stderr.write(
                f"WARNING: nothing in the database keeps records from being changed from now on: "
                f"{', '.join(absent)} missing or not enabled. Find out who did it; "
                "manage.py migrate --skip-checks puts them back."
            )
        self.stdout.write(f"head {result.head_n} {result.head_hash}")
        if not result.has_expected_head:
            raise CommandError(
                f"BROKEN: the head {expected_head} that was kept is not in the chain: records were "
                "removed from its end, or all of it was written anew.",
                returncode=BROKEN,
            )
        if not expected_head:
            self.stdout.write(
                "No kept head was compared: records that were cut off the end would not be "
                "noticed. Keep this head elsewhere, and give it as --expect-head next time."
            )
        self._verify_what_is_beside_the_chain()

    def _verify_what_is_beside_the_chain(self) -> None:
        """The lists, the scores, and those of runs: none is hashed, all can be compared."""
        troubles: list[str] = []
        different, altered, runs = compare(), list(altered_texts()), list(altered_runs())
        if different:
            troubles.append(_told_lists(different))
            troubles.append("manage.py audit rebuild makes them anew.")
        if altered:
            troubles.append(_told_texts(altered))
        if runs:
            troubles.append(_told_runs(runs))
        if troubles:
            raise CommandError(
                "\n".join(("The records are intact, but not what stands beside them.", *troubles)),
                returncode=LISTS_DIFFER if different else SCORES_DIFFER,
            )

    def _export(self, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in ATTEMPT_LOOKUPS if options.get(name) is not None}
        attempts: QuerySet[Action] | None = None
        if given:
            attempts = Action.objects.filter(
                **{ATTEMPT_LOOKUPS[name]: given[name] for name in given}
            )
        shown = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in given.items()
        }
        self._note("export audit log", "The audit log was exported.", shown)
        lines = export(attempts, filters=shown)
        if options["output"] is None:
            sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a text stream
            for line in lines:
                self.stdout.write(line, ending="")
            return
        with open(options["output"], "w", encoding="utf-8", opener=_private) as file:
            file.writelines(lines)
        self.stderr.write(f"The export is in {options['output']}.")

    def _rebuild(self) -> None:
        if (result := verify()).broken is not None:
            raise CommandError(
                f"The chain is broken at record {result.broken.n}: verify it first. "
                "Lists made from it would not be true.",
                returncode=BROKEN,
            )
        self._note("rebuild audit lists", "The lists of the audit log were made anew.", {})
        different = rebuild()
        self.stdout.write(f"The lists are made anew. Before, {_words(different)}.")
        for line in _lines(different):
            self.stdout.write(line)

    def _note(self, verb: str, message: str, arguments: dict[str, Any]) -> None:
        """Recorded if it can be: whoever looks into a full disk must be able to."""
        origin = Origin.of_command("audit")
        note(
            verb,
            actor_id=None,
            actor_name=origin.user_agent,
            origin=origin,
            message=message,
            arguments=arguments,
        )


def _row(record_id: int | None) -> str:
    return "" if record_id is None else f" (row {record_id})"


def _words(different: Differences) -> str:
    return (
        f"{different.altered} attempts were shown otherwise than recorded, "
        f"{different.absent} were not shown, {different.invented} were shown without records"
    )


def _told_lists(different: Differences) -> str:
    return "\n".join((f"The lists differ: {_words(different)}.", *_lines(different)))


def _lines(different: Differences) -> Iterator[str]:
    """The first attempts that differ, and what to think of those without records."""
    yield from (f"  {_one(difference)}" for difference in different.named)
    count = different.altered + different.absent + different.invented
    if count > len(different.named):
        yield f"  and {count - len(different.named)} more"
    if different.invented:
        yield (
            "Attempts were shown without records: records may have been cut off the end. Compare "
            "a head that was kept (--expect-head) before you rebuild: afterwards nothing else here "
            "tells of them."
        )


def _one(difference: Difference) -> str:
    if difference.pk is None:
        return f"attempt {difference.action_id} was not shown"
    if difference.action_id is None:
        return f"attempt {difference.pk} was shown without saying which attempt it is"
    name = f"attempt {difference.pk} ({difference.action_id})"
    if not difference.has_records:
        return f"{name} was shown without records"
    return f"{name} was shown with another {', '.join(difference.fields)}"


def _told_texts(altered: Sequence[AlteredText]) -> str:
    lines = [
        f"score version {one.version_pk}{f' ({one.name})' if one.name else ''}: {one.why}"
        for one in altered
    ]
    return _told_first(f"{len(lines)} kept scores are not what was recorded:", lines)


def _told_runs(altered: Sequence[AlteredRun]) -> str:
    lines = [
        f"job {one.job_pk} ({one.job_id}): no record gave it score version {one.version_pk}"
        for one in altered
    ]
    return _told_first(f"{len(lines)} jobs are shown with a score that they did not get:", lines)


def _told_first(head: str, lines: Sequence[str]) -> str:
    more = len(lines) - MAX_NAMED
    shown = (f"  {line}" for line in lines[:MAX_NAMED])
    return "\n".join((head, *shown, *([f"  and {more} more"] if more > 0 else [])))


def _number(text: str) -> int:
    """The number of a run.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    """A moment or a day, in UTC unless it says otherwise.

    Raises:
        ValueError: it is neither.
    """
    moment = parse_datetime(text)
    if moment is None and (day := parse_date(text)):
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if moment is None:
        raise ValueError(text)
    return moment if moment.tzinfo else make_aware(moment, get_default_timezone())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
