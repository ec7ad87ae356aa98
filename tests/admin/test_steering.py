"""Another score, recovering failed sheets and clearing rate limits, by plain forms."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.audit.models import Action
from jobs.conductor import wire
from jobs.registry.models import Conductor, Job
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor, closing, score_text
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job, make_sheet

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = {"seen", "key", "replaces", "looked_at"}


@pytest.fixture
def submitted(olga: Visitor, conductor: Conductor) -> Job:
    """A job that was submitted here, so that its text is known."""
    olga.send("/jobs/job/add/", source="text", text=score_text())
    return Job.objects.get()


def hidden(page: Page) -> dict[str, str]:
    return {name: value for name, value in page.fields().items() if name in KEPT}


def review(visitor: Visitor, job: Job, text: str) -> Page:
    return visitor.send(f"/jobs/job/{job.pk}/modify/", do="review", text=text, seen=job.status)


def test_editor_begins_with_the_text_that_runs(olga: Visitor, submitted: Job) -> None:
    page = olga.get(f"/jobs/job/{submitted.pk}/modify/")
    assert "echo {{ sheet_num }}" in page.text


def test_difference_is_shown_before_anything_is_sent(
    olga: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    page = review(olga, submitted, score_text().replace("echo", "print"))
    assert "1 added" in page.part("diff")
    assert page.has("modify-send")
    assert scripted.asked("job.modify") == []


def test_confirmed_text_is_sent_recorded_and_becomes_the_jobs_score(
    olga: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    text = score_text().replace("echo", "print")
    page = review(olga, submitted, text)
    path = f"/jobs/job/{submitted.pk}/modify/"
    after = olga.send(path, follow=True, do="send", text=text, reason="typo", **hidden(page))
    assert "was told to go on with the new score" in after.text
    assert scripted.texts["nightly"] == text
    submitted.refresh_from_db()
    assert submitted.score_version is not None
    assert (submitted.score_version.number, submitted.score_version.text) == (2, text)
    assert Action.objects.get(verb="modify").reason == "typo"


def test_version_that_a_modify_saved_says_so_and_is_found_from_job_and_record(
    olga: Visitor, root: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    text = score_text().replace("echo", "print")
    path = f"/jobs/job/{submitted.pk}/modify/"
    olga.send(path, do="send", text=text, reason="typo", **hidden(review(olga, submitted, text)))
    submitted.refresh_from_db()
    version = submitted.score_version
    assert version is not None
    score = f"/jobs/score/{version.score_id}"
    page = olga.get(f"{score}/change/")
    assert f"Modified in job #{submitted.pk} by olga" in page.text
    assert "typo" in page.part("version-message")
    assert "began with v1, went on with v2" in page.part("way")
    links = olga.get(f"/jobs/job/{submitted.pk}/score/").links()
    for link in ("/change/?version=1", "/change/?version=2", "/compare/?from=1&to=2"):
        assert score + link in links
    action = Action.objects.get(verb="modify")
    record = root.get(f"/jobs/auditrecord/{action.pk}/change/")
    assert "nightly v2" in record.part("record-score")
    assert f"{score}/change/?version=2" in record.links()


def test_new_score_whose_answer_was_lost_is_told_as_not_known(
    olga: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.modify"] = closing
    text = score_text().replace("echo", "print")
    path = f"/jobs/job/{submitted.pk}/modify/"
    olga.send(path, do="send", text=text, **hidden(review(olga, submitted, text)))
    assert "is not known" in olga.get(path).part("swap-waiting")


def test_confirmation_says_only_what_holds_for_the_state(olga: Visitor, submitted: Job) -> None:
    text = score_text().replace("echo", "print")
    Job.objects.update(status="failed")
    submitted.refresh_from_db()
    page = review(olga, submitted, text)
    assert "is resumed with the new score" in page.part("consequences")
    assert "sheet under way" not in page.text
    assert "running score" not in page.text
    assert 'class="lost"' not in page.html
    assert "danger" not in page.all("button", data_testid="modify-send")[0]["class"]
    Job.objects.update(status="running")
    submitted.refresh_from_db()
    assert "after the sheet under way" in review(olga, submitted, text).part("consequences")


def test_sheets_that_the_new_score_has_not_are_named_before_it_is_sent(
    olga: Visitor, submitted: Job
) -> None:
    Job.objects.update(status="failed")
    submitted.refresh_from_db()
    make_sheet(submitted, 1, status="failed")
    make_sheet(submitted, 3, status="failed")
    text = score_text(sheet={"size": 1, "total_items": 2})
    told = review(olga, submitted, text).part("consequences")
    assert "Dropped: sheet 3, which the new score does not have" in told
    assert "Begins anew: sheet 1," in told


def test_modify_says_in_its_headline_that_every_sheet_will_fail(
    olga: Visitor, submitted: Job
) -> None:
    page = review(olga, submitted, score_text(prompt={"template": "{% if x %}"}))
    assert "It will be accepted, and every sheet will fail" in page.text
    assert "Acceptable, but" not in page.text


def test_modify_is_checked_as_one_writes_and_nothing_is_sent(
    olga: Visitor, vera: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    path = f"/jobs/job/{submitted.pk}/modify/?check"
    assert "Not acceptable yet" in olga.send(path, text="name: x\nodd: y\n").text
    assert "Acceptable" in olga.send(path, text=score_text(), do="").text
    assert vera.send(path, text=score_text()).status == 403
    assert scripted.asked("job.modify") == []


def test_what_was_written_is_guarded_until_it_is_sent(olga: Visitor, submitted: Job) -> None:
    fresh = olga.get(f"/jobs/job/{submitted.pk}/modify/")
    written = review(olga, submitted, score_text().replace("echo", "print"))
    for page, is_dirty in ((fresh, False), (written, True)):
        (form,) = page.all("form", id="modify-form")
        assert "data-guard" in form
        assert ("data-dirty" in form) is is_dirty


def test_text_that_is_not_acceptable_is_told_with_its_lines_and_not_offered(
    olga: Visitor, submitted: Job
) -> None:
    page = review(olga, submitted, "name: x\nodd: y\n")
    assert "2:1 error" in page.part("findings")
    assert not page.has("modify-send")


def test_the_same_text_is_not_offered(olga: Visitor, submitted: Job) -> None:
    page = review(olga, submitted, score_text())
    assert "the very text that the job has already" in page.text.replace("runs", "the job has")
    assert not page.has("modify-send")


def test_text_that_was_changed_by_somebody_else_meanwhile_sends_nothing(
    olga: Visitor, root: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    mine, theirs = score_text().replace("echo", "mine"), score_text().replace("echo", "theirs")
    asked = review(olga, submitted, mine)
    path = f"/jobs/job/{submitted.pk}/modify/"
    root.send(path, do="send", text=theirs, **hidden(review(root, submitted, theirs)))
    page = olga.send(path, do="send", text=mine, **hidden(asked))
    assert page.status == 409
    assert "has been changed since you compared" in page.text
    assert scripted.texts["nightly"] == theirs


def test_viewer_may_neither_write_nor_send_another_score(
    vera: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    path = f"/jobs/job/{submitted.pk}/modify/"
    assert vera.get(path).status == 403
    assert vera.send(path, do="send", text=score_text("x")).status == 403
    assert Action.objects.get(verb="modify").outcome == "denied"
    assert scripted.asked("job.modify") == []


@pytest.fixture
def failed(conductor: Conductor, scripted: ScriptedConductor) -> Job:
    """A failed job, one of whose sheets passes by now."""
    scripted.passing["nightly"] = [2]
    return known(conductor, scripted, "failed")


def test_recover_shows_its_dry_run_before_it_can_be_confirmed(
    olga: Visitor, failed: Job, scripted: ScriptedConductor
) -> None:
    path = f"/jobs/job/{failed.pk}/recover/"
    page = olga.get(path, seen="failed")
    assert scripted.requests == []
    assert not page.all("button", value="recover")
    tried = olga.send(path, do="try", **hidden(page))
    assert "Sheet 2" in tried.part("trial")
    assert "would pass" in tried.part("trial")
    assert [one["dry_run"] for one in scripted.asked("job.recover")] == [True]
    after = olga.send(path, follow=True, do="recover", reason="by hand", **hidden(tried))
    assert "was recovered" in after.text
    verbs = list(records().filter(kind="outcome").values_list("verb", "outcome"))
    assert verbs == [("try_recover", "succeeded"), ("recover", "succeeded")]


def test_recover_that_would_do_nothing_is_not_offered(
    olga: Visitor, failed: Job, scripted: ScriptedConductor
) -> None:
    scripted.passing.clear()
    tried = olga.send(f"/jobs/job/{failed.pk}/recover/", do="try", seen="failed")
    assert "None that failed passes" in tried.part("trial")
    assert not tried.all("button", value="recover")


def test_dry_run_of_a_viewer_is_denied(
    vera: Visitor, failed: Job, scripted: ScriptedConductor
) -> None:
    assert vera.send(f"/jobs/job/{failed.pk}/recover/", do="try").status == 403
    assert Action.objects.get(verb="try_recover").outcome == "denied"
    assert scripted.requests == []


def test_rate_limits_are_cleared_with_a_reason(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    scripted.limits = {"claude": {}, "codex": {}}
    path = f"/jobs/conductor/{conductor.pk}/clear-rate-limits/"
    page = olga.get(path)
    assert "tried again at once" in page.text
    after = olga.send(path, follow=True, key=page.fields()["key"], reason="new plan")
    assert "Cleared 2 rate limits" in after.text
    assert Action.objects.get(verb="clear_rate_limits").reason == "new plan"


def test_viewer_may_not_clear_rate_limits(vera: Visitor, conductor: Conductor) -> None:
    path = f"/jobs/conductor/{conductor.pk}/clear-rate-limits/"
    assert vera.get(path).status == 403
    assert vera.send(path).status == 403
    assert Action.objects.get(verb="clear_rate_limits").outcome == "denied"


def test_job_that_a_modify_has_paused_says_so(
    olga: Visitor, submitted: Job, scripted: ScriptedConductor
) -> None:
    def pausing(_: ScriptedConductor, request: wire.Request) -> bytes:
        scripted.rows["nightly"]["status"] = "paused"
        answer = {"job_id": "nightly", "status": "accepted", "message": "Will resume."}
        return wire.encode_result(request.id, answer)

    scripted.manners["job.modify"] = pausing
    text = score_text().replace("echo", "print")
    page = review(olga, submitted, text)
    path = f"/jobs/job/{submitted.pk}/modify/"
    after = olga.send(path, follow=True, do="send", text=text, **hidden(page))
    assert "Paused by olga, to go on with another score" in after.text
    assert "A new score was accepted" in olga.get(path).part("swap-waiting")


def test_confirmations_ask_no_more_with_more_sheets(
    olga: Visitor, django_assert_num_queries: Any
) -> None:
    job = make_job(status="running")
    make_sheet(job, number=1, status="in_progress")
    path = f"/jobs/job/{job.pk}/cancel/"
    olga.get(path)
    with CaptureQueriesContext(connection) as few:
        olga.get(path)
    for number in range(2, 60):
        make_sheet(job, number=number, status="in_progress")
    with django_assert_num_queries(len(few)):
        page = olga.get(path)
    assert "and 51 more" in page.part("consequences")
