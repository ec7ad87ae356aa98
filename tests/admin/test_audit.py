"""The audit list and its pages."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone

import jobs
from jobs import audit
from jobs.admin import audit_page
from jobs.audit import Draft, Origin, triggers
from jobs.audit.models import Action, AuditRecord
from jobs.audit.verbs import VERB_WORDS
from jobs.registry.models import Job
from jobs.terms import Channel, RecordKind
from tests.actions.scripted import ScriptedConductor, answering, closing
from tests.admin.visitors import Page, Visitor, visitor_for
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/jobs/auditrecord/"


def make_action(**fields: Any) -> Action:
    """An attempt in the list, without records."""
    defaults: dict[str, Any] = {
        "action_id": uuid.uuid4(),
        "verb": "pause",
        "actor_name": "olga",
        "channel": "page",
        "job_id": "nightly",
        "outcome": "succeeded",
        "started_at": timezone.now(),
    }
    return Action.objects.create(**defaults | fields)


def make_conclusion(action: Action, conclusion: str) -> None:
    """What somebody concludes of an attempt, as its record."""
    audit.append(
        Draft(
            action_id=action.action_id,
            kind=RecordKind.SETTLED,
            verb=action.verb,
            actor_id=None,
            actor_name="somebody",
            origin=Origin(channel=Channel.PAGE),
            outcome=conclusion,
            message=f"somebody concludes: {conclusion}.",
        )
    )


def shown(page: Page) -> list[int]:
    """The attempts of the list, from top to bottom."""
    return [int(row["data-row"]) for row in page.all("div", class_="what")]


def test_every_attempt_is_a_line_with_all_that_is_asked_of_it(
    olga: Visitor, audra: Visitor, running: Job, scripted: ScriptedConductor
) -> None:
    scripted.manners["job.pause"] = answering({"paused": False, "error": "too late"})
    olga.send(f"/jobs/job/{running.pk}/pause/", reason="lunch", seen="running")
    text = audra.get(LIST, verb="pause").text
    for words in ("olga", "pause", "nightly", "lunch", "refused", "too late", "page", "127.0.0.1"):
        assert words in text
    assert " ms" in text


def test_attempt_opens_to_every_record_with_every_field(
    olga: Visitor, audra: Visitor, running: Job
) -> None:
    olga.client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 <script>"
    olga.send(f"/jobs/job/{running.pk}/pause/", reason="lunch", seen="running")
    action = Action.objects.get(verb="pause")
    page = audra.get(f"{LIST}{action.pk}/change/")
    assert len(page.all("li", data_testid="record")) == 2
    for record in AuditRecord.objects.filter(action_id=action.action_id):
        for words in (record.hash, record.prev_hash, f"main / {record.n}", record.request_id):
            assert words in page.text
    assert "Mozilla/5.0 <script>" in page.text
    assert page.has("intact")
    assert not page.has("broken")
    assert f"/jobs/job/{running.pk}/pause/" in page.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"person": "olga"}, ["a", "c"]),
        ({"person": "somebody who was deleted"}, ["b"]),
        ({"verb": "cancel"}, ["b"]),
        ({"outcome": "refused"}, ["c"]),
        ({"outcome": "attention"}, ["b"]),
        ({"channel": "api"}, ["c"]),
        ({"job": "weekly"}, ["b"]),
        ({"run": "7"}, ["a"]),
        ({"run": "x"}, []),
        ({"within": "1h"}, ["c", "b"]),
        ({"since": "2020-01-01T00:00", "until": "2020-01-03T00:00"}, ["a"]),
        ({"since": "2020-02-30T00:00"}, []),
        ({"person": "OLGA"}, ["a", "c"]),
        ({"verb": "pause", "channel": "page"}, ["a"]),
    ],
)
def test_filter_narrows_the_list(
    audra: Visitor, query: dict[str, str], expected: list[str]
) -> None:
    olga = make_user("operator", username="olga")
    names = {
        "a": make_action(
            actor_id=olga.pk, job_pk=7, started_at=datetime(2020, 1, 2, tzinfo=UTC)
        ).pk,
        "b": make_action(
            actor_name="somebody who was deleted",
            verb="cancel",
            job_id="weekly",
            outcome="unknown",
            needs_attention=True,
        ).pk,
        "c": make_action(
            actor_id=olga.pk, actor_name="olga's old name", outcome="refused", channel="api"
        ).pk,
    }
    assert {*shown(audra.get(LIST, **query))} & {*names.values()} == {
        names[name] for name in expected
    }


def test_verb_menu_has_every_verb_that_is_recorded_in_words(root: Visitor) -> None:
    group = Group.objects.create(name="night shift")
    group.delete()
    menu = root.get(LIST).text
    for verb in Action.objects.values_list("verb", flat=True):
        assert verb in VERB_WORDS
    for words in ("Create group", "Delete group", "View audit log", "Rebuild audit lists"):
        assert words in menu
    assert "View_audit" not in menu


def test_verbs_that_code_writes_are_all_in_the_table() -> None:
    written = re.compile(r'(?:\bnote\(|_note\(|verb=|VERB: Final =)\s*"([a-z_ ]+)"')
    sources = Path(jobs.__file__).parent.rglob("*.py")
    found = {verb for file in sources for verb in written.findall(file.read_text())}
    assert {"login", "create token", "settle", "export audit log"} <= found <= {*VERB_WORDS}


@pytest.mark.parametrize("query", ["since=garbage", "until=2020-02-30T00:00", "within=2y"])
def test_time_that_is_none_is_said_and_shows_nothing(audra: Visitor, query: str) -> None:
    make_action()
    page = audra.get(f"{LIST}?{query}")
    assert shown(page) == []
    assert "not a day and time" in page.text or "not one that is known" in page.text
    assert not page.all("a", data_testid="audit-export")


def test_name_that_was_given_away_again_shows_what_both_did(audra: Visitor) -> None:
    before = make_user("operator", username="rita")
    first = make_action(actor_id=before.pk, actor_name="rita")
    before.delete()
    now = make_user("operator", username="rita")
    second = make_action(actor_id=now.pk, actor_name="rita")
    page = audra.get(LIST, person="rita")
    assert set(shown(page)) == {first.pk, second.pk}
    [link] = page.all("a", data_testid="audit-export")
    assert link["href"] == "/api/audit/export?actor=rita"


def test_export_goes_by_the_account_as_the_list_does(audra: Visitor) -> None:
    olga = make_user("operator", username="olga")
    [link] = audra.get(LIST, person="Olga").all("a", data_testid="audit-export")
    assert link["href"] == f"/api/audit/export?actor_id={olga.pk}"


@pytest.mark.parametrize(
    "query",
    ["person=%00", "verb=%00", "outcome=%00", "job=" + "x" * 5_000, "before=x", "after=9" * 1],
)
def test_nonsense_in_the_address_breaks_nothing(audra: Visitor, query: str) -> None:
    assert audra.get(f"{LIST}?{query}").status == 200


def test_unknown_parameter_leads_to_the_whole_list(audra: Visitor) -> None:
    assert audra.get(f"{LIST}?reason__regex=x", follow=True).status in {200, 400}


def test_pages_follow_one_another_without_gap_or_repeat(audra: Visitor) -> None:
    pks = [make_action(verb="pause").pk for _ in range(120)]
    seen: list[int] = []
    url = f"{LIST}?verb=pause"
    while url:
        page = audra.get(url)
        seen += shown(page)
        url = next((LIST + a["href"] for a in page.all("a", rel="next")), "")
    assert seen == pks[::-1]


def test_page_before_is_the_one_that_one_came_from(audra: Visitor) -> None:
    for _ in range(120):
        make_action(verb="pause")
    first = audra.get(f"{LIST}?verb=pause")
    second = audra.get(LIST + first.all("a", rel="next")[0]["href"])
    back = audra.get(LIST + second.all("a", rel="prev")[0]["href"])
    assert shown(back) == shown(first)


def test_list_that_fits_says_how_many_there_are(audra: Visitor) -> None:
    make_action(verb="clear")
    page = audra.get(LIST, verb="clear")
    assert "1 record" in page.text
    assert not page.all("a", rel="next")


def test_export_is_narrowed_as_the_list_is(audra: Visitor) -> None:
    page = audra.get(LIST, person="olga", outcome="refused", run="3")
    [link] = page.all("a", data_testid="audit-export")
    assert link["href"] == "/api/audit/export?actor=olga&job=3&outcome=refused"


def test_nothing_in_the_audit_log_can_be_changed_from_the_console(
    root: Visitor, running: Job, olga: Visitor
) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    action = Action.objects.get(verb="pause")
    before = list(AuditRecord.objects.order_by("pk").values_list("pk", "hash"))
    for path in ("change/", "delete/", ""):
        root.send(f"{LIST}{action.pk}/{path}", outcome="succeeded", post="yes")
    root.send(LIST, action="delete_selected", index="0", _selected_action=action.pk)
    assert list(AuditRecord.objects.order_by("pk").values_list("pk", "hash"))[: len(before)] == (
        before
    )
    assert Action.objects.filter(pk=action.pk).exists()


def test_ones_own_attempt_may_be_seen_but_not_its_records(olga: Visitor, running: Job) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    page = olga.get(f"{LIST}{Action.objects.get(verb='pause').pk}/change/")
    assert page.status == 200
    assert not page.has("record")


def test_attempt_of_another_is_not_there_without_the_right(olga: Visitor) -> None:
    assert olga.get(f"{LIST}{make_action(actor_name='x').pk}/change/").status == 404


@pytest.fixture
def unknown(olga: Visitor, running: Job, scripted: ScriptedConductor) -> Action:
    """An attempt whose answer never came and that nothing can prove."""
    scripted.manners["job.cancel"] = closing
    olga.send(f"/jobs/job/{running.pk}/cancel/", seen="running")
    Action.objects.filter(verb="cancel").update(needs_attention=True)
    return Action.objects.get(verb="cancel")


def test_unknown_outcome_is_listed_under_needs_attention(olga: Visitor, unknown: Action) -> None:
    page = olga.get("/")
    assert "nobody knows whether it happened" in page.part("needs-attention")
    assert f"{LIST}{unknown.pk}/change/" in page.links()


def test_person_settles_what_nobody_could_prove(
    olga: Visitor, audra: Visitor, unknown: Action
) -> None:
    page = olga.send(
        f"{LIST}{unknown.pk}/settle/",
        follow=True,
        conclusion="did not happen",
        reason="the process is still there",
    )
    assert "Your conclusion is recorded" in page.text
    unknown.refresh_from_db()
    assert (unknown.verdict, unknown.needs_attention) == ("did not happen", False)
    assert "the process is still there" in audra.get(f"{LIST}{unknown.pk}/change/").text


def test_conclusion_without_a_reason_comes_back(olga: Visitor, unknown: Action) -> None:
    page = olga.send(f"{LIST}{unknown.pk}/settle/", conclusion="happened", reason=" ")
    assert page.status == 422
    assert "Say what it is concluded from" in page.text


@pytest.fixture
def concluded(olga: Visitor, unknown: Action) -> Action:
    """The same, and Olga has concluded that it happened."""
    olga.send(f"{LIST}{unknown.pk}/settle/", conclusion="happened", reason="it has stopped")
    return unknown


def test_conclusion_may_be_contradicted_on_its_page_which_shows_both(
    olga: Visitor, audra: Visitor, concluded: Action
) -> None:
    page = olga.get(f"{LIST}{concluded.pk}/change/")
    assert [one["value"] for one in page.all("input", type="radio")] == ["did not happen"]
    [seen] = page.all("input", name="seen")
    sent = {"conclusion": "did not happen", "reason": "it runs again", "seen": seen["value"]}
    page = olga.send(f"{LIST}{concluded.pk}/settle/", follow=True, **sent)
    for words in ("it has stopped", "it runs again", "Until then it was: happened"):
        assert words in page.part("conclusions")
    concluded.refresh_from_db()
    assert concluded.verdict == "did not happen"
    assert len(audra.get(f"{LIST}{concluded.pk}/change/").all("li", data_testid="record")) == 4


def test_contradiction_without_a_reason_comes_back(olga: Visitor, concluded: Action) -> None:
    page = olga.send(f"{LIST}{concluded.pk}/settle/", conclusion="did not happen", reason=" ")
    assert page.status == 422
    assert "Say what it is concluded from" in page.text


def test_who_did_not_see_the_conclusion_is_shown_it(concluded: Action) -> None:
    otto = visitor_for(make_user("operator", username="otto"))
    sent = {"conclusion": "did not happen", "reason": "no trace", "seen": "cannot be known"}
    page = otto.send(f"{LIST}{concluded.pk}/settle/", **sent)
    assert page.status == 422
    assert "concluded in the meantime: happened" in page.text
    assert "no trace" in page.html
    assert len(page.all("div", class_="trail-head")) == 1
    assert "it has stopped" not in page.html


def test_conclusion_of_another_is_told_without_name_and_reason_to_who_may_not_read_the_log(
    olga: Visitor, concluded: Action
) -> None:
    otto = visitor_for(make_user("operator", username="otto"))
    sent = {"conclusion": "did not happen", "reason": "it runs again", "seen": "happened"}
    otto.send(f"{LIST}{concluded.pk}/settle/", **sent)
    page = otto.get(f"{LIST}{concluded.pk}/change/")
    told = page.part("conclusions")
    assert len(page.all("div", class_="trail-head")) == 2
    assert ("otto concludes" in told, "it runs again" in told) == (True, True)
    assert ("olga" in told, "it has stopped" in told) == (False, False)


def test_conclusions_of_two_who_contradict_each_other_have_an_end(
    audra: Visitor, concluded: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_page, "MAX_RECORDS", 2)
    for conclusion in ("did not happen", "happened", "did not happen"):
        make_conclusion(concluded, conclusion)
    told = audra.get(f"{LIST}{concluded.pk}/change/").part("conclusions")
    assert told.count("somebody concludes") == 2
    assert "it has stopped" not in told


def test_auditor_sees_what_was_concluded_and_no_form(audra: Visitor, concluded: Action) -> None:
    page = audra.get(f"{LIST}{concluded.pk}/change/")
    assert "it has stopped" in page.part("conclusions")
    assert not page.all("input", name="conclusion")


def test_answer_of_the_conductor_has_no_form_to_contradict_it(olga: Visitor, running: Job) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    page = olga.get(f"{LIST}{Action.objects.get(verb='pause').pk}/change/")
    assert not page.has("conclusions")
    assert not page.all("input", name="conclusion")


def test_auditor_may_look_but_not_settle(audra: Visitor, unknown: Action) -> None:
    page = audra.get(f"{LIST}{unknown.pk}/change/")
    assert "may settle it" in page.text
    answer = audra.send(f"{LIST}{unknown.pk}/settle/", conclusion="happened", reason="x")
    assert answer.status == 403


def test_nobody_has_to_wait_for_the_verdict(olga: Visitor, unknown: Action) -> None:
    Action.objects.filter(pk=unknown.pk).update(verdict="", needs_attention=False)
    assert "you need not wait" in olga.get(f"{LIST}{unknown.pk}/change/").text
    olga.send(f"{LIST}{unknown.pk}/settle/", conclusion="happened", reason="saw it")
    unknown.refresh_from_db()
    assert unknown.verdict == "happened"


def test_colleague_with_the_right_may_settle(unknown: Action) -> None:
    colleague = visitor_for(make_user("operator", username="otto"))
    assert colleague.get(f"{LIST}{unknown.pk}/change/").status == 200


def test_job_page_lists_what_was_done_to_it(olga: Visitor, audra: Visitor, running: Job) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running", reason="because of <lunch>")
    assert "because of <lunch>" in audra.get(f"/jobs/job/{running.pk}/change/").part("audit-trail")


def test_record_that_was_tampered_with_is_shown_to_be(
    olga: Visitor, audra: Visitor, running: Job
) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running", reason="mine")
    action = Action.objects.get(verb="pause")
    with triggers.lifted(connection):
        AuditRecord.objects.filter(action_id=action.action_id, kind="intent").update(
            reason="somebody else's"
        )
    page = audra.get(f"{LIST}{action.pk}/change/")
    assert page.has("broken")


def test_overview_shows_an_operator_what_they_did_themselves(olga: Visitor, running: Job) -> None:
    make_action(actor_name="otto", job_id="ottos-job")
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    text = olga.get("/").part("recent-actions")
    assert "pause nightly" in text
    assert "ottos-job" not in text


def test_somebody_without_the_right_sees_only_what_they_did_themselves(
    olga: Visitor, vera: Visitor, running: Job
) -> None:
    olga.send(f"/jobs/job/{running.pk}/pause/", seen="running")
    assert "You have not acted" in vera.get(f"/jobs/job/{running.pk}/change/").part("audit-trail")


def test_recent_actions_are_on_the_overview_of_an_auditor(audra: Visitor) -> None:
    make_action(verb="cancel", job_id="weekly", started_at=timezone.now() - timedelta(minutes=3))
    text = audra.get("/").part("recent-actions")
    assert "cancel weekly" in text
    assert "3 min ago" in text


def test_history_of_a_job_is_its_audit_trail(root: Visitor) -> None:
    job = make_job()
    page = root.get(f"/jobs/job/{job.pk}/history/")
    assert page.url == f"{LIST}?run={job.pk}"


def test_user_who_was_deleted_stays_in_the_log(audra: Visitor) -> None:
    gone = make_user("operator", username="gone")
    action = make_action(actor_id=gone.pk, actor_name="gone")
    User.objects.filter(pk=gone.pk).delete()
    assert action.pk in shown(audra.get(LIST))


def test_attempt_of_a_score_that_never_came_into_use_says_so_to_its_person(
    olga: Visitor, running: Job
) -> None:
    action_id = audit.new_action_id()
    olga_pk = User.objects.get(username="olga").pk
    origin = Origin(channel=Channel.PAGE)
    told: tuple[tuple[RecordKind, str, str, dict[str, Any]], ...] = (
        (RecordKind.INTENT, "", "", {}),
        (RecordKind.OUTCOME, "succeeded", "Will resume when paused.", {}),
        (RecordKind.RECONCILED, "did not happen", "Never in use.", {"came_into_use": False}),
    )
    for kind, outcome, message, arguments in told:
        audit.append(
            Draft(
                action_id=action_id,
                kind=kind,
                verb="modify",
                actor_id=olga_pk,
                actor_name="olga",
                origin=origin,
                job_pk=running.pk,
                job_id=running.job_id,
                arguments=arguments,
                outcome=outcome,
                message=message,
            )
        )
    page = olga.get(f"{LIST}{Action.objects.get(verb='modify').pk}/change/")
    assert "Never in use." in page.part("never-used")
    assert not page.has("conclusions")
    assert "succeeded" in page.text
