"""Where the files of a run are, whether they may be shown, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Value
from django.http import HttpRequest

from jobs.access import policy
from jobs.registry.folding import Folded
from jobs.registry.models import Job
from jobs.terms import Verb
from jobs.workspaces import Cause, Parts, Place, WorkspaceTrouble, is_hidden, parts_of

_MAX_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is nothing to show, in words for the reader."""

    title: str
    words: str
    icon: str = "info"
    status: int = 200


class NotShown(Exception):
    """There is nothing to show, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a workspace was asked for, and whether hidden files were."""

    parts: Parts
    may_show_hidden: bool
    shows_hidden: bool


def asked_of(request: HttpRequest, user: User) -> Asked:
    """What the address asks for.

    A path is taken from the address as bytes: a file's name may be anything but UTF-8.

    Raises:
        NotShown: it is no path, or a hidden one that this person may not see.
    """
    query = request.META.get("QUERY_STRING", "")
    try:
        fields = parse_qs(query, errors="surrogateescape", max_num_fields=_MAX_FIELDS)
        parts = parts_of(fields.get("path", [""])[0])
    except ValueError:
        raise NotShown(trouble_of(_BAD_PATH)) from None
    except WorkspaceTrouble as error:
        raise NotShown(trouble_of(error)) from error
    may_show_hidden = policy.may(user, Verb.PAUSE)
    if is_hidden(parts) and not may_show_hidden:
        raise NotShown(_HIDDEN)
    wants_hidden = request.GET.get("hidden") == "1"
    return Asked(parts, may_show_hidden, wants_hidden and may_show_hidden)


def place_of(job: Job, asked: Asked) -> Place:
    """The workspace of a run; a hidden one opens to whoever may see hidden files.

    Raises:
        NotShown: it was not reported, or cannot be reached from here.
    """
    if not job.workspace:
        raise NotShown(_NOT_REPORTED)
    if job.conductor.shares_filesystem is None:
        raise NotShown(_NOT_PROVED)
    if not job.conductor.shares_filesystem:
        raise NotShown(_ELSEWHERE)
    roots = settings.PODIUM_WORKSPACE_ROOTS
    return Place.of(job.workspace, roots, may_be_hidden=asked.may_show_hidden)


def later_run(user: User, job: Job) -> Job | None:
    """A later run in the same workspace, whose work the files may be."""
    runs = policy.visible_jobs(user).filter(conductor=job.conductor_id, pk__gt=job.pk)
    same = runs.alias(folded=Folded("workspace")).filter(
        folded=Folded(Value(job.workspace)), workspace=job.workspace
    )
    return same.only("pk", "job_id").order_by("-pk").first() if job.workspace else None


def trouble_of(error: WorkspaceTrouble) -> Trouble:
    """What the reader is told of it."""
    title, icon, status = _BY_CAUSE[error.cause]
    return Trouble(title, f"{error}{_ADVICE.get(error.cause, '')}", icon, status)


_HIDDEN: Final = Trouble(
    "Hidden files need the right to control jobs",
    "Names that begin with a dot often hold keys and settings.",
    "lock",
    403,
)
_NOT_REPORTED: Final = Trouble(
    "The workspace was not reported", "This conductor did not say where the job works.", "folder"
)
_NOT_PROVED: Final = Trouble(
    "It is not known yet whether the files can be read from here",
    "Podium looks for a workspace of this conductor below the folders that it may show, and shows "
    "files once it has found one.",
    "clock",
)
_ELSEWHERE: Final = Trouble(
    "The files are not reachable from here",
    "This conductor's workspaces are on another machine, or outside the folders that Podium may "
    "show (PODIUM_WORKSPACE_ROOTS).",
    "conductors",
)
_BAD_PATH: Final = WorkspaceTrouble(Cause.BAD_PATH, "This is no path inside a workspace.")
_ADVICE: Final = {
    Cause.OUTSIDE: " Its administrator lists those in PODIUM_WORKSPACE_ROOTS.",
    Cause.GONE: " It was removed or moved, or the job has not started in it yet.",
}
_BY_CAUSE: Final[dict[Cause, tuple[str, str, int]]] = {
    Cause.OUTSIDE: ("The files may not be shown", "lock", 200),
    Cause.HIDDEN: ("Hidden files need the right to control jobs", "lock", 403),
    Cause.GONE: ("The workspace is gone", "folder", 200),
    Cause.MISSING: ("Not there (any more)", "unknown", 404),
    Cause.BAD_PATH: ("There can be no such file", "unknown", 404),
    Cause.LINK: ("A symbolic link", "link", 404),
    Cause.NO_FOLDER: ("Not a folder", "unknown", 404),
    Cause.NO_FILE: ("Not a file that can be opened", "unknown", 404),
    Cause.FORBIDDEN: ("Permission denied", "lock", 200),
    Cause.FAILED: ("It cannot be read", "alert", 200),
}
