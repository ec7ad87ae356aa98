"""The submit page, with plain forms alone."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest

from jobs.audit.models import Action
from jobs.registry.models import Conductor, Job, Score, ScoreVersion
from jobs.scores import samples
from tests.actions.judges import busy_judges
from tests.actions.scripted import ScriptedConductor, answering, closing, score_text
from tests.admin.visitors import Page, Visitor
from tests.factories import make_conductor, make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ADD = "/jobs/job/add/"


def submit(visitor: Visitor, text: str, **fields: Any) -> Page:
    """Open the page, fill it in, click."""
    key = visitor.get(ADD).fields()["key"]
    sent = {"source": "text", "text": text, "key": key, "do": "submit"} | fields
    return visitor.send(ADD, **sent)


@pytest.mark.usefixtures("conductor")
def test_submit_leads_to_the_page_of_the_job(olga: Visitor) -> None:
    page = submit(olga, score_text("nightly"), reason="quarterly")
    job = Job.objects.get()
    assert (page.status, page.url) == (302, f"/jobs/job/{job.pk}/change/")
    there = olga.get(page.url)
    assert "nightly was submitted." in there.text
    assert "quarterly" in there.text
    assert job.submitted_by_name == "olga"


@pytest.mark.parametrize("slug", [sample.slug for sample in samples()])
def test_sample_is_put_into_the_editor_and_judged(
    olga: Visitor, conductor: Conductor, slug: str
) -> None:
    page = olga.get(ADD, sample=slug)
    assert "Ready to submit" in page.text
    assert f"name: {slug}" in page.text


@pytest.mark.usefixtures("conductor")
def test_check_shows_name_sheets_workspace_and_instrument_and_sends_nothing(
    olga: Visitor, scripted: ScriptedConductor, folders: Path
) -> None:
    text = next(sample.text for sample in samples() if sample.slug == "hello")
    page = olga.send(ADD, source="text", text=text, do="validate")
    for words in ("hello", "3", str(folders / "workspaces" / "hello"), "cli"):
        assert words in page.part("summary")
    assert scripted.asked("job.submit") == []
    assert not Action.objects.filter(verb="submit").exists()


@pytest.mark.parametrize(
    ("kind", "headline"),
    [
        (Conductor.Kind.EMBEDDED, "This conductor will refuse it"),
        (Conductor.Kind.REAL, "Ready to submit"),
    ],
)
def test_the_headline_says_that_the_conductor_meant_will_refuse_it(
    olga: Visitor, conductor: Conductor, kind: Conductor.Kind, headline: str
) -> None:
    Conductor.objects.filter(pk=conductor.pk).update(kind=kind)
    page = olga.send(
        ADD, source="text", text=score_text("odd", instrument="claude_code"), do="validate"
    )
    assert headline in page.text
    assert "May be submitted" not in page.text


@pytest.mark.usefixtures("conductor")
def test_the_headline_says_that_every_sheet_will_fail(olga: Visitor) -> None:
    text = score_text("odd", prompt={"template": "{% if x %}"})
    page = olga.send(ADD, source="text", text=text, do="validate")
    assert "It will be accepted, and every sheet will fail" in page.text
    assert "May be submitted" not in page.text


@pytest.mark.usefixtures("conductor")
def test_findings_come_with_line_and_column_and_the_text_stays(olga: Visitor) -> None:
    text = "name: x\nsheet:\n  size: 0\n  total_items: 1\nprompt:\n  templat: y\n"
    page = submit(olga, text)
    assert page.status == 422
    places = [(f["data-line"], f["data-column"]) for f in page.all("li", data_severity="error")]
    assert places == [("3", "9"), ("6", "3")]
    assert "templat: y" in page.html


@pytest.mark.usefixtures("conductor")
def test_busy_judges_are_no_verdict_on_the_score(
    olga: Visitor, scripted: ScriptedConductor
) -> None:
    with busy_judges():
        fragment = olga.send("/jobs/job/validate/", source="text", text=score_text())
        page = submit(olga, score_text())
    assert (fragment.status, page.status) == (200, 503)
    assert "Not checked yet" in fragment.text
    assert "Nothing was sent." in page.text
    assert scripted.asked("job.submit") == []


@pytest.mark.usefixtures("conductor")
def test_judgement_alone_is_a_fragment(olga: Visitor) -> None:
    page = olga.send("/jobs/job/validate/", source="text", text="name: [")
    assert page.status == 200
    assert "<html" not in page.html
    assert page.all("li", data_severity="error")


def test_viewer_may_not_have_scores_judged(vera: Visitor) -> None:
    assert vera.send("/jobs/job/validate/", source="text", text="name: x").status == 403


@pytest.mark.usefixtures("conductor")
def test_path_below_the_roots_is_submitted_under_the_files_name(
    olga: Visitor, folders: Path
) -> None:
    (folders / "scores" / "weekly.yaml").write_text(score_text("other"))
    page = submit(olga, "", source="path", path=str(folders / "scores" / "weekly.yaml"))
    assert page.status == 302
    assert Job.objects.get().job_id == "weekly"


@pytest.mark.usefixtures("conductor")
@pytest.mark.parametrize("path", ["/etc/passwd", "relative.yaml", "/a/../b.yaml"])
def test_path_elsewhere_is_a_finding_and_a_record(olga: Visitor, path: str) -> None:
    page = submit(olga, "", source="path", path=path)
    assert page.status == 422
    assert Action.objects.get(verb="submit").outcome == "refused"


@pytest.mark.usefixtures("conductor")
def test_path_that_cannot_be_written_down_is_a_finding(olga: Visitor) -> None:
    page = submit(olga, "", source="path", path="\x00")
    assert page.status == 422
    assert not Action.objects.filter(verb="submit").exists()


@pytest.mark.usefixtures("conductor")
def test_nothing_at_all_is_asked_for(olga: Visitor) -> None:
    page = submit(olga, "   \n")
    assert page.status == 422
    assert "Choose a sample, write a score or give a path first" in page.text


@pytest.mark.usefixtures("conductor")
def test_double_click_submits_once(olga: Visitor, scripted: ScriptedConductor) -> None:
    key = olga.get(ADD).fields()["key"]
    sent = {"source": "text", "text": score_text("nightly"), "key": key, "do": "submit"}
    first, second = olga.send(ADD, **sent), olga.send(ADD, **sent)
    assert len(scripted.asked("job.submit")) == 1
    assert first.url == second.url


@pytest.mark.usefixtures("conductor")
def test_form_sent_back_with_another_text_is_not_taken_for_the_first(olga: Visitor) -> None:
    key = olga.get(ADD).fields()["key"]
    submit(olga, score_text("nightly"), key=key)
    page = submit(olga, score_text("weekly"), key=key)
    assert page.status == 409
    assert Job.objects.count() == 1


@pytest.mark.usefixtures("conductor")
def test_rejection_shows_the_conductors_words_and_keeps_what_was_typed(
    olga: Visitor, scripted: ScriptedConductor
) -> None:
    words = "Job 'nightly' is already running <i>here</i>"
    answer = {"job_id": "nightly", "status": "rejected", "message": words}
    scripted.manners["job.submit"] = answering(answer)
    page = submit(olga, score_text("nightly"), reason="again")
    assert page.status == 409
    assert words in page.part("submit-error")
    assert page.all("textarea", name="text")
    assert "again" in page.text


@pytest.mark.usefixtures("conductor")
def test_after_a_rejection_the_form_is_a_new_attempt(
    olga: Visitor, scripted: ScriptedConductor
) -> None:
    answer = {"job_id": "nightly", "status": "rejected", "message": "busy"}
    scripted.manners["job.submit"] = answering(answer)
    page = submit(olga, score_text("nightly"))
    del scripted.manners["job.submit"]
    again = olga.send(
        ADD, source="text", text=score_text("nightly"), key=page.fields()["key"], do="submit"
    )
    assert again.status == 302


def test_conductor_that_is_down_is_told_and_the_text_stays(olga: Visitor, folders: Path) -> None:
    make_conductor()
    page = submit(olga, score_text("nightly"))
    assert page.status == 503
    assert "Submit of the score failed:" in page.text
    assert '"name": "nightly"' in page.text


@pytest.mark.usefixtures("conductor")
def test_answer_that_was_lost_leads_to_the_record(
    olga: Visitor, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.submit"] = closing
    page = submit(olga, score_text("nightly"))
    action = Action.objects.get(verb="submit")
    assert page.url == f"/jobs/auditrecord/{action.pk}/change/"
    assert "it is unknown whether it happened" in olga.get(page.url).text


@pytest.mark.usefixtures("conductor")
@pytest.mark.parametrize("text", ["\x00", "a: &a [*a]", "[" * 1_000, "é" * 700_000, "\ud800"])
def test_ugly_text_is_a_finding_and_no_error_page(olga: Visitor, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert submit(olga, text).status == 422


@pytest.mark.usefixtures("conductor")
@pytest.mark.parametrize("name", ["<b>", "x" * 101, 'a"b', "a\nb", "x" * 501])
def test_name_that_cannot_be_a_jobs_name_is_a_finding(olga: Visitor, name: str) -> None:
    page = submit(olga, score_text("nightly"), name=name)
    assert page.status == 422
    assert "<b>" not in page.html


def test_version_can_be_submitted_again(olga: Visitor, conductor: Conductor) -> None:
    score = Score.objects.create(name="nightly")
    version = ScoreVersion.objects.create(
        score=score, number=1, sha256="0" * 64, text=score_text("nightly"), author_name="x"
    )
    page = olga.get(ADD, version=version.pk)
    assert "Ready to submit" in page.text
    assert page.fields()["name"] == "nightly"


def test_page_says_that_submitting_is_running_code(olga: Visitor, conductor: Conductor) -> None:
    assert "To submit a score is to run code as the operating system user" in olga.get(ADD).text


def test_bundled_conductors_own_refusals_are_shown_before_the_click(
    olga: Visitor, conductor: Conductor
) -> None:
    text = score_text("nightly").replace('"cli"', '"claude_code"')
    page = olga.send(ADD, source="text", text=text, do="validate")
    assert "claude_code" in page.part("findings")
    assert "Ready to submit" not in page.text
    assert page.all("li", data_severity="warning")
    Conductor.objects.filter(pk=conductor.pk).update(kind=Conductor.Kind.REAL)
    page = olga.send(ADD, source="text", text=text, do="validate")
    assert "Ready to submit" in page.text


def test_of_several_conductors_the_chosen_one_is_asked(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    make_conductor(slug="another")
    page = submit(olga, score_text("nightly"), conductor="main")
    assert page.status == 302
    assert len(scripted.asked("job.submit")) == 1


def test_denied_submit_is_recorded(vera: Visitor, conductor: Conductor) -> None:
    page = vera.send(ADD, source="text", text=score_text("nightly"), do="submit")
    assert page.status == 403
    assert Action.objects.filter(verb="submit", outcome="denied").count() == 1


def test_score_of_somebody_who_left_can_still_be_read(olga: Visitor) -> None:
    author = make_user("operator", username="gone")
    score = Score.objects.create(name="old")
    ScoreVersion.objects.create(
        score=score, number=1, sha256="1" * 64, text="name: old", author=author, author_name="gone"
    )
    author.delete()
    assert "gone" in olga.get(f"/jobs/score/{score.pk}/change/").text


@pytest.mark.parametrize(("do", "verb"), [("submit", "submit"), ("validate", "judge_score")])
def test_denials_are_recorded_once_a_minute(vera: Visitor, do: str, verb: str) -> None:
    for _ in range(3):
        sent = {"source": "text", "text": "name: x", "key": "k", "do": do}
        assert vera.send(ADD, **sent).status == 403
    denial = Action.objects.get(outcome="denied")
    assert (denial.verb, denial.actor_name) == (verb, "vera")


def test_a_post_without_any_right_is_recorded_once_a_minute(nemo: Visitor) -> None:
    for _ in range(3):
        assert nemo.send(ADD, source="text", text="name: x", key="k", do="submit").status == 302
    denial = Action.objects.get(outcome="denied")
    assert (denial.verb, denial.actor_name) == ("submit", "nemo")


@pytest.mark.usefixtures("conductor")
@pytest.mark.parametrize(
    ("field", "value", "target", "words"),
    [
        ("start_sheet", "0", "id_start_sheet", "Sheets are counted from 1."),
        ("start_sheet", "9", "id_start_sheet", "The score has the sheets 1 to 3."),
        ("workspace", "/etc", "id_workspace", "The workspace has to lie below"),
        ("name", "a b", "id_name", "This cannot be a job's name"),
        ("conductor", "x" * 51, "id_conductor", "at most 50"),
    ],
)
def test_what_is_wrong_with_a_field_is_told_at_the_field_and_not_as_a_line(
    olga: Visitor, field: str, value: str, target: str, words: str
) -> None:
    sent = {"source": "text", "text": score_text("nightly"), "do": "validate", field: value}
    page = olga.send(ADD, **sent)
    assert words in page.part("problems")
    assert page.all("a", href=f"#{target}")
    assert "1:1" not in page.text
    if field != "conductor":
        assert page.all("input", id=target, aria_invalid="true")


@pytest.mark.usefixtures("conductor")
def test_a_wrong_field_does_not_hide_what_is_wrong_with_the_score(olga: Visitor) -> None:
    page = olga.send(ADD, source="text", text="name: [", start_sheet="0", do="validate")
    assert "Sheets are counted from 1." in page.part("problems")
    assert page.all("li", data_severity="error", data_line="1")


@pytest.mark.usefixtures("conductor")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("", "The score's workspace is relative (elsewhere)"),
        ("mine", "The workspace you give is relative (mine)"),
    ],
)
def test_page_says_where_a_relative_workspace_is_put(
    olga: Visitor, folders: Path, asked: str, words: str
) -> None:
    text = score_text("nightly", workspace="./elsewhere")
    page = olga.send(ADD, source="text", text=text, workspace=asked, do="validate")
    assert str(folders / "workspaces" / "nightly") in page.part("workspace")
    assert words in page.part("summary")
    page = olga.send(ADD, source="text", text=score_text(), workspace=asked, do="validate")
    assert ("The score names no workspace" in page.part("summary")) is (asked == "")
    text = score_text("nightly", workspace=str(folders / "workspaces" / "own"))
    page = olga.send(ADD, source="text", text=text, do="validate")
    assert "is relative" not in page.part("summary").partition("Instrument")[0]


@pytest.mark.usefixtures("conductor")
def test_page_says_how_many_sheets_a_start_sheet_leaves_out(olga: Visitor) -> None:
    text = score_text(sheet={"size": 1, "total_items": 40})
    page = olga.send(ADD, source="text", text=text, start_sheet="36", do="validate")
    assert "Sheets 5 of 40 from sheet 36; 35 left out" in page.part("summary")


@pytest.mark.usefixtures("conductor")
def test_preview_shows_what_each_sheet_would_run_and_asks_no_conductor(
    olga: Visitor, scripted: ScriptedConductor
) -> None:
    text = score_text(
        "nightly", prompt={"template": "echo sheet {{ sheet_num }} in {{ workspace }}"}
    )
    sent = {"source": "text", "text": text, "start_sheet": "2", "workspace": "", "name": ""}
    page = olga.send(ADD, **sent, do="preview")
    assert "What sheet 2 runs" in page.text
    assert "echo sheet 2 in /" in page.part("prompt")
    assert "A start at sheet 2 skips sheet 1." in page.part("preview-skipped")
    third = olga.send("/jobs/job/preview/", **sent, preview_sheet="3")
    assert "echo sheet 3 in /" in third.part("prompt")
    assert scripted.asked("job.submit") == []
    assert not Action.objects.filter(verb="submit").exists()


@pytest.mark.usefixtures("conductor")
def test_preview_says_what_is_wrong_with_a_template(olga: Visitor) -> None:
    text = score_text("nightly", prompt={"template": "{{ nothing_like_it }}"})
    page = olga.send(ADD, source="text", text=text, do="preview")
    assert "nothing_like_it" in page.part("preview-fault")


@pytest.mark.usefixtures("conductor")
def test_preview_reads_template_files_below_the_score_roots_alone(
    olga: Visitor, folders: Path
) -> None:
    secret = folders / "secret.txt"
    secret.write_text("the key of the site")
    (folders / "scores" / "link.j2").symlink_to(secret)
    (folders / "scores" / "good.j2").write_text("echo from the file")
    for path in (secret, folders / "scores" / "link.j2", folders / "scores" / ".." / "secret.txt"):
        text = score_text("nightly", prompt={"template_file": str(path)})
        page = olga.send(ADD, source="text", text=text, do="preview")
        assert page.has("preview-fault")
        assert "the key of the site" not in page.html
    text = score_text("nightly", prompt={"template_file": str(folders / "scores" / "good.j2")})
    page = olga.send(ADD, source="text", text=text, do="preview")
    assert "echo from the file" in page.part("prompt")
    beside = folders / "scores" / "weekly.yaml"
    beside.write_text(score_text("weekly", prompt={"template_file": "good.j2"}))
    page = olga.send(ADD, source="path", path=str(beside), do="preview")
    assert "echo from the file" in page.part("prompt")


def test_viewer_may_not_have_previews_made(vera: Visitor) -> None:
    sent = {"source": "text", "text": score_text("nightly")}
    assert vera.send("/jobs/job/preview/", **sent).status == 403


def test_job_is_submitted_again_with_its_inputs(olga: Visitor, conductor: Conductor) -> None:
    score = Score.objects.create(name="nightly")
    version = ScoreVersion.objects.create(
        score=score, number=1, sha256="0" * 64, text=score_text("nightly"), author_name="x"
    )
    job = make_job(
        conductor=conductor,
        job_id="nightly-2",
        score_version=version,
        workspace="/w/nightly",
        requested_start_sheet=2,
    )
    page = olga.get(ADD, **{"from": job.pk})
    fields = page.fields()
    assert (fields["name"], fields["workspace"], fields["start_sheet"]) == (
        *("nightly-2", "/w/nightly", "2"),
    )
    assert "The inputs of nightly-2" in page.part("again")
    assert score_text("nightly").splitlines()[0] in unescape(page.html)


def test_job_without_a_kept_text_is_submitted_again_by_its_file(
    olga: Visitor, conductor: Conductor
) -> None:
    job = make_job(conductor=conductor, config_path="/scores/nightly.yaml")
    fields = olga.get(ADD, **{"from": job.pk}).fields()
    assert (fields["source"], fields["path"]) == ("path", "/scores/nightly.yaml")
    bare = make_job(conductor=conductor)
    assert "knows neither the text nor the file" in olga.get(ADD, **{"from": bare.pk}).text
    assert "is not there" in olga.get(ADD, **{"from": "4711"}).text
