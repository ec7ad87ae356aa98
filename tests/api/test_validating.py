"""Judging a score without running it."""

from __future__ import annotations

from pathlib import Path

from jobs.registry.models import Conductor, ScoreVersion
from tests.actions.judges import busy_judges
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, score_text
from tests.api.caller import Caller


def test_valid_score_has_a_summary_and_leaves_nothing_behind(
    olga: Caller, conductor: Conductor, scripted: ScriptedConductor, folders: Path
) -> None:
    reply = olga.post("/scores/validate", {"score_content": score_text("nightly")})
    assert (reply.status, reply.json["is_valid"]) == (200, True)
    summary = reply.json["summary"]
    assert (summary["name"], summary["job_name"], summary["total_sheets"]) == (
        "nightly",
        "nightly",
        3,
    )
    assert summary["workspace"] == str(folders / "workspaces" / "nightly")
    assert (scripted.requests, records().count(), ScoreVersion.objects.count()) == (
        [],
        0,
        0,
    )


def test_invalid_score_is_an_answer_with_findings(olga: Caller, folders: Path) -> None:
    reply = olga.post("/scores/validate", {"score_content": "name: x\nsheet: 5\n"})
    assert (reply.status, reply.json["is_valid"], reply.json["summary"]) == (200, False, None)
    assert any(finding["line"] == 2 for finding in reply.json["findings"])


def test_file_is_judged_where_it_lies(olga: Caller, folders: Path) -> None:
    path = folders / "scores" / "weekly.yaml"
    path.write_text(score_text("whatever"))
    reply = olga.post("/scores/validate", {"config_path": str(path)})
    assert reply.json["summary"]["job_name"] == "weekly"
    missing = olga.post("/scores/validate", {"config_path": f"{path}.yaml"})
    assert (missing.status, missing.json["findings"][0]["path"]) == (200, "config_path")


def test_whoever_may_not_submit_may_not_have_files_read(vera: Caller, folders: Path) -> None:
    reply = vera.post("/scores/validate", {"config_path": "/etc/x.yaml"})
    assert reply.status == 403
    assert records().get().kind == "denied"


def test_what_the_embedded_conductor_will_refuse_is_a_warning_before_the_submit(
    olga: Caller, conductor: Conductor, folders: Path
) -> None:
    Conductor.objects.filter(pk=conductor.pk).update(kind=Conductor.Kind.EMBEDDED)
    reply = olga.post(
        "/scores/validate", {"score_content": score_text("odd", instrument="claude_cli")}
    )
    assert reply.json["is_valid"]
    assert [(f["severity"], f["path"]) for f in reply.json["findings"]] == [
        ("warning", "instrument")
    ]


def test_what_only_the_embedded_conductor_refuses_is_not_held_against_another(
    olga: Caller, conductor: Conductor, folders: Path
) -> None:
    Conductor.objects.filter(pk=conductor.pk).update(kind=Conductor.Kind.REAL)
    reply = olga.post(
        "/scores/validate", {"score_content": score_text("odd", instrument="claude_cli")}
    )
    assert reply.json["findings"] == []


def test_busy_judges_are_no_verdict_on_the_score(
    olga: Caller, conductor: Conductor, folders: Path
) -> None:
    body = {"score_content": score_text("nightly")}
    with busy_judges():
        replies = [olga.post("/scores/validate", body), olga.post("/jobs", body)]
    assert [reply.status for reply in replies] == [503, 503]
    assert [int(reply.headers["Retry-After"]) > 0 for reply in replies] == [True, True]
    assert [(record.kind, record.verb) for record in records()] == [("refused", "submit")]
