"""What the submit page says about a submission before the click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.actions import Preparation, RequestProblem
from jobs.admin.submit_form import SubmitForm
from jobs.admin.visible import one_line, visible
from jobs.errors import PodiumBusy
from jobs.scores import Finding, Outlook

MAX_FINDINGS: Final = 100
_WORST_FIRST: Final[tuple[Outlook, ...]] = ("refused", "fails")

# What the fields of the submit page are called, by the name that a problem has for them.
_FIELDS: Final = {
    "name": ("Job name", "id_name"),
    "workspace": ("Workspace", "id_workspace"),
    "start_sheet": ("Start sheet", "id_start_sheet"),
    "conductor": ("Conductor", "id_conductor"),
    "config_path": ("Path of the score", "id_path"),
    "path": ("Path of the score", "id_path"),
    "score_content": ("Score", "id_text"),
    "score_id": ("Score", "id_text"),
    "text": ("Score", "id_text"),
    "reason": ("Reason", "id_reason"),
    "message": ("Message", "id_message"),
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Something wrong with a field of the form, and not with a line of the score."""

    field: str
    label: str
    target: str  # the field's id on the page
    message: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what would run."""

    is_empty: bool = True
    is_acceptable: bool = False
    problems: tuple[FieldProblem, ...] = ()
    findings: tuple[Finding, ...] = ()
    more_findings: int = 0
    errors: int = 0
    warnings: int = 0
    outlook: Outlook = "unknown"  # what is certain to come of it all the same
    name: str = ""
    total_sheets: int | None = None
    stages: int | None = None
    first_sheet: int = 1  # where the job is to begin
    workspace: str = ""
    workspace_note: str = ""  # why it is not the one that the score names
    instrument: str = ""
    description: str = ""
    busy: str = ""  # why there is no judgement at the moment

    @property
    def sheets_to_run(self) -> int:
        """How many are not left out by the start sheet."""
        return max(0, (self.total_sheets or 0) - self.first_sheet + 1)

    @property
    def sheets_left_out(self) -> int:
        """How many stand before the start sheet."""
        return min(self.first_sheet - 1, self.total_sheets or 0)

    @property
    def fields(self) -> frozenset[str]:
        """The ids of the fields that something is wrong with."""
        return frozenset(problem.target for problem in self.problems)


def judge(user: User, form: SubmitForm) -> Judgement:
    """The judgement on what was typed; never raises for bad input."""
    wrong = () if form.is_valid() else tuple(problems(form))
    source = form.source_of()
    if source is None:
        return of_findings(wrong) if wrong else Judgement()
    asked_workspace = form.cleaned_data.get("workspace", "")
    try:
        prepared = async_to_sync(actions.prepare)(
            user,
            source,
            conductor=actions.meant_conductor(user, form.cleaned_data.get("conductor") or None),
            workspace=asked_workspace,
            start_sheet=form.first_sheet,
        )
    except PodiumBusy as error:
        return Judgement(busy=str(error))
    # What is wrong with a field does not hide what is wrong with the score.
    prepared = replace(prepared, findings=(*wrong, *prepared.findings))
    return replace(of_preparation(prepared, asked_workspace), first_sheet=form.first_sheet)


def of_preparation(prepared: Preparation, asked_workspace: str = "") -> Judgement:
    """The judgement on a submission as it would be sent."""
    summary = prepared.summary
    judgement = of_findings(prepared.findings)
    if summary is None:
        return judgement
    return replace(
        judgement,
        is_acceptable=judgement.errors == 0,
        name=one_line(prepared.name),
        total_sheets=summary.total_sheets,
        stages=summary.total_stages,
        workspace=one_line(str(prepared.workspace or ""), 400),
        workspace_note=_workspace_note(prepared, asked_workspace),
        instrument=one_line(summary.instrument or ""),
        description=visible((summary.description or "")[:600]),
    )


def of_findings(findings: Sequence[Finding]) -> Judgement:
    """The judgement where there is nothing but findings."""
    about_fields = [found for found in findings if isinstance(found, RequestProblem)]
    about_text = [found for found in findings if not isinstance(found, RequestProblem)]
    return Judgement(
        is_empty=False,
        problems=tuple(_field_problem(found) for found in about_fields),
        findings=tuple(about_text[:MAX_FINDINGS]),
        more_findings=max(0, len(about_text) - MAX_FINDINGS),
        errors=sum(finding.severity == "error" for finding in findings),
        warnings=sum(finding.severity == "warning" for finding in findings),
        outlook=_outlook(findings),
    )


def _outlook(findings: Sequence[Finding]) -> Outlook:
    """The worst: what is refused does not come to its sheets."""
    outlooks = {finding.outlook for finding in findings}
    return next((one for one in _WORST_FIRST if one in outlooks), "unknown")


def problems(form: SubmitForm) -> list[Finding]:
    """What is wrong with the form itself."""
    return [
        actions.problem(field, str(error))
        for field, errors in form.errors.items()
        for error in errors
    ]


def _field_problem(found: Finding) -> FieldProblem:
    label, target = _FIELDS.get(found.path, (found.path.replace("_", " ").capitalize(), ""))
    return FieldProblem(found.path, label, target, found.message)


def _workspace_note(prepared: Preparation, asked: str) -> str:
    """That a relative workspace is put elsewhere than its name says."""
    if prepared.summary is None or prepared.workspace is None:
        return ""
    written = asked or str(prepared.summary.sheets.config.workspace)
    if written.startswith("/"):
        return ""
    place = "this is a folder of the job's name."
    if not asked and "workspace" not in prepared.summary.sheets.config.model_fields_set:
        return f"The score names no workspace: {place}"
    whose = "The workspace you give" if asked else "The score's workspace"
    return f"{whose} is relative ({one_line(written, 80)}): {place}"
