"""What the submit page says about a submission before the click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User

from jobs import actions
from jobs.admin.submit_form import SubmitForm
from jobs.admin.visible import one_line, visible
from jobs.errors import PodiumBusy
from jobs.scores import Finding

MAX_FINDINGS: Final = 100


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what would run."""

    is_empty: bool = True
    is_acceptable: bool = False
    findings: tuple[Finding, ...] = ()
    more_findings: int = 0
    errors: int = 0
    warnings: int = 0
    name: str = ""
    total_sheets: int | None = None
    stages: int | None = None
    workspace: str = ""
    instrument: str = ""
    description: str = ""
    busy: str = ""  # why there is no judgement at the moment


def judge(user: User, form: SubmitForm) -> Judgement:
    """The judgement on what was typed; never raises for bad input."""
    if not form.is_valid():
        return of_findings([*problems(form)])
    source = form.source_of()
    if source is None:
        return Judgement()
    try:
        prepared = async_to_sync(actions.prepare)(
            user,
            source,
            conductor=actions.meant_conductor(user, form.cleaned_data["conductor"] or None),
            workspace=form.cleaned_data["workspace"],
            start_sheet=form.first_sheet,
        )
    except PodiumBusy as error:
        return Judgement(busy=str(error))
    summary = prepared.summary
    judgement = of_findings(prepared.findings)
    if summary is None:
        return judgement
    return Judgement(
        is_empty=False,
        is_acceptable=judgement.errors == 0,
        findings=judgement.findings,
        more_findings=judgement.more_findings,
        errors=judgement.errors,
        warnings=judgement.warnings,
        name=one_line(prepared.name),
        total_sheets=summary.total_sheets,
        stages=summary.total_stages,
        workspace=one_line(str(prepared.workspace or ""), 400),
        instrument=one_line(summary.instrument or ""),
        description=visible((summary.description or "")[:600]),
    )


def of_findings(findings: Sequence[Finding]) -> Judgement:
    """The judgement where there is nothing but findings."""
    return Judgement(
        is_empty=False,
        findings=tuple(findings[:MAX_FINDINGS]),
        more_findings=max(0, len(findings) - MAX_FINDINGS),
        errors=sum(finding.severity == "error" for finding in findings),
        warnings=sum(finding.severity == "warning" for finding in findings),
    )


def problems(form: SubmitForm) -> list[Finding]:
    """What is wrong with the form itself."""
    return [
        actions.problem(field, str(error))
        for field, errors in form.errors.items()
        for error in errors
    ]
