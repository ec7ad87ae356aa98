"""A form that somebody may not send leaves a record of what was asked, of whom, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLResolver

from jobs.access import denials
from jobs.access.denials import Denials
from jobs.access.models import SavedView
from jobs.actions import denied
from jobs.actions.models import Batch
from jobs.admin.rightless import CHECKS
from jobs.audit.models import Action, AuditRecord
from jobs.registry.models import Conductor, Job
from jobs.registry.scores import kept_version, sha256_of
from tests.actions.fixtures import known
from tests.actions.records import records
from tests.actions.scripted import ScriptedConductor
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)

SUBMIT = {"do": "submit", "source": "text", "name": "x2", "text": "name: x", "reason": "why not"}


def latest() -> AuditRecord:
    return records().order_by("-n")[0]


def act_on_list(visitor: Visitor, verb: str, jobs: list[Job], **more: Any) -> Page:
    chosen = [job.pk for job in jobs]
    return visitor.send("/jobs/job/", action=verb, _selected_action=chosen, index="0", **more)


@pytest.mark.parametrize("role", ["vera", "olga", "nemo"])
@pytest.mark.parametrize(
    ("address", "fields", "verb", "told"),
    [
        ("user/add/", {"username": "eve"}, "create user", {"username": "eve"}),
        (
            "user/{user}/change/",
            {"username": "max", "is_superuser": "on"},
            "change user",
            {"username": "max", "is_superuser": "on", "user": "max"},
        ),
        ("user/{user}/delete/", {"post": "yes"}, "delete user", {"user": "max"}),
        ("user/{user}/password/", {"password1": "hunter"}, "change password", {"user": "max"}),
        (
            "group/{group}/change/",
            {"name": "Viewer", "permissions": ["4", "5"]},
            "change group",
            {"name": "Viewer", "permissions": ["4", "5"], "group": "Viewer"},
        ),
        ("user/9999/delete/", {}, "delete user", {"user_id": 9999, "exists": False}),
        (
            "user/",
            {"action": "delete_selected", "_selected_action": ["{user}"]},
            "delete user",
            {"chosen": ["{user}"], "count": 1},
        ),
    ],
)
def test_denied_change_of_people_is_recorded(
    request: pytest.FixtureRequest,
    role: str,
    address: str,
    fields: dict[str, Any],
    verb: str,
    told: dict[str, Any],
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    numbers = {
        "user": make_user("viewer", username="max").pk,
        "group": Group.objects.get(name="Viewer").pk,
    }
    told = {k: [v[0].format(**numbers)] if k == "chosen" else v for k, v in told.items()}
    if "_selected_action" in fields:
        fields = fields | {"_selected_action": [numbers["user"]]}
    page = visitor.send(f"/auth/{address.format(**numbers)}", **fields)
    record = records().get()
    assert page.status == (302 if role == "nemo" else 403)
    assert (record.kind, record.verb, record.actor_name) == ("denied", verb, role)
    assert record.arguments.items() >= told.items()
    assert "hunter" not in str(record.arguments)


def test_answer_to_a_denied_change_of_a_person_does_not_tell_their_name(vera: Visitor) -> None:
    person = make_user("viewer", username="maximilian")
    vera.send(f"/auth/user/{person.pk}/delete/", post="yes")
    assert "maximilian" not in records().get().message


def test_denied_changes_of_people_are_bounded(
    vera: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denials, "OF_ONE", 3)
    for number in range(6):
        vera.send("/auth/user/add/", username=f"eve-{number}")
    assert records().count() == 4


def test_allowed_change_of_a_person_leaves_no_denial(root: Visitor) -> None:
    person = make_user("viewer", username="max")
    root.send(f"/auth/user/{person.pk}/delete/", post="yes")
    assert not User.objects.filter(pk=person.pk).exists()
    assert not records().exists()


@pytest.mark.parametrize("role", ["vera", "nemo"])
def test_denied_clean_up_is_recorded(request: pytest.FixtureRequest, role: str) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send("/jobs/job/clean-up/", status="failed", older="2", unit="weeks")
    record = records().get()
    assert (record.kind, record.verb) == ("denied", "bulk clear")
    assert record.arguments == {"choice": "clean up: failed, ended more than 2 weeks ago"}


@pytest.mark.parametrize("role", ["vera", "nemo"])
@pytest.mark.parametrize("verb", ["cancel", "clear"])
def test_denied_action_of_the_list_is_recorded_with_its_jobs(
    request: pytest.FixtureRequest, role: str, verb: str
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    jobs = [make_job(), make_job()]
    page = act_on_list(visitor, verb, jobs)
    record = records().get()
    assert page.status == (302 if role == "nemo" else 403)
    assert (record.kind, record.verb) == ("denied", f"bulk {verb}")
    assert record.arguments == {"count": 2, "jobs": [job.pk for job in jobs]}


def test_denied_action_on_all_of_the_list_says_so(vera: Visitor) -> None:
    act_on_list(vera, "cancel", [make_job()], select_across="1")
    assert records().get().arguments == {"choice": "all jobs of the list"}


@pytest.mark.parametrize("role", ["vera", "nemo"])
def test_denied_confirmation_of_a_batch_is_recorded(
    request: pytest.FixtureRequest, role: str, olga: Visitor
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    act_on_list(olga, "pause", [make_job()])
    batch = Batch.objects.get()
    page = visitor.send("/jobs/job/act/pause/", batch=batch.pk, reason="let me")
    record = records().get()
    assert page.status == (302 if role == "nemo" else 403)
    assert (record.verb, record.reason) == ("bulk pause", "let me")
    assert record.arguments == {"batch": batch.pk}


def test_confirmation_of_somebody_elses_batch_is_recorded(olga: Visitor, root: Visitor) -> None:
    act_on_list(root, "pause", [make_job()])
    batch = Batch.objects.get()
    page = olga.send("/jobs/job/act/pause/", follow=True, batch=batch.pk, reason="let me")
    record = records().get()
    assert "Choose the jobs anew" in page.text
    assert (record.kind, record.verb, record.reason) == ("denied", "bulk pause", "let me")
    assert record.arguments == {"batch": batch.pk, "exists": True}


def test_different_denied_batches_each_have_a_record(vera: Visitor) -> None:
    vera.send("/jobs/job/clean-up/", status="failed", older="2", unit="weeks")
    act_on_list(vera, "clear", [make_job()])
    for _ in range(2):
        vera.send("/jobs/job/act/clear/", batch="7")
    assert [record.verb for record in records()] == ["bulk clear"] * 3


@pytest.mark.parametrize("role", ["vera", "nemo"])
def test_denied_deletion_of_a_job_is_a_denied_clear(
    request: pytest.FixtureRequest, role: str, running: Job
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send(f"/jobs/job/{running.pk}/delete/", post="yes", reason="let me")
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", "clear", "let me")
    assert running.pk in (record.job_pk, record.arguments.get("job"))


@pytest.mark.parametrize(
    ("address", "fields", "verb"),
    [
        ("{job}/cancel/", {}, "cancel"),
        ("{job}/recover/", {"do": "try"}, "try_recover"),
        ("{job}/recover/", {"do": "recover"}, "recover"),
        ("{job}/modify/", {"do": "send", "text": "name: x"}, "modify"),
    ],
)
def test_form_about_a_job_without_any_right_says_what_was_asked_of_which_job(
    nemo: Visitor, running: Job, address: str, fields: dict[str, str], verb: str
) -> None:
    path = f"/jobs/job/{address.format(job=running.pk)}"
    assert nemo.send(path, reason="let me", **fields).status == 302
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", verb, "let me")
    assert record.arguments.items() >= {"job": running.pk, "exists": True}.items()
    if verb == "modify":
        assert record.arguments["score_sha256"] == sha256_of("name: x")


@pytest.mark.parametrize("role", ["olga", "nemo"])
def test_number_that_no_job_can_have_is_recorded(request: pytest.FixtureRequest, role: str) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send(f"/jobs/job/{10**30}/cancel/", reason="let me")
    record = records().get()
    assert (record.verb, record.reason, record.arguments["exists"]) == ("cancel", "let me", False)


@pytest.mark.parametrize("role", ["vera", "nemo"])
def test_denied_submit_says_what_was_to_be_run_and_why(
    request: pytest.FixtureRequest, role: str
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send("/jobs/job/add/", **SUBMIT, workspace="/w", start_sheet="2", conductor="main")
    record = records().get()
    assert (record.kind, record.verb, record.reason) == ("denied", "submit", "why not")
    assert record.arguments == {
        "score_sha256": sha256_of("name: x"),
        "name": "x2",
        "workspace": "/w",
        "start_sheet": 2,
        "self_healing": False,
        "conductor": "main",
    }


def test_denied_submit_of_an_unfit_form_says_what_can_be_read(vera: Visitor) -> None:
    vera.send("/jobs/job/add/", do="submit", text="name: x", start_sheet="zero")
    assert records().get().arguments["score_sha256"] == sha256_of("name: x")


@pytest.mark.parametrize("role", ["vera", "nemo"])
@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("add/", {"do": "validate"}),
        ("add/", {"do": "preview"}),
        ("validate/", {}),
        ("preview/", {}),
    ],
)
def test_denied_judgement_is_no_denied_submit(
    request: pytest.FixtureRequest, role: str, address: str, fields: dict[str, str]
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send(f"/jobs/job/{address}", **{**SUBMIT, "do": "", **fields})
    record = records().get()
    assert (record.kind, record.verb) == ("denied", "judge_score")
    assert record.arguments["score_sha256"] == sha256_of("name: x")


def test_form_of_scores_without_any_right_says_what_was_tried(nemo: Visitor) -> None:
    score = kept_version("nightly", "text", make_user("operator")).score
    nemo.send("/jobs/score/add/", do="save", name="mine", text="name: x")
    assert latest().arguments["asked_for"] == "save score"
    nemo.send("/jobs/score/import/", path="/etc/passwd")
    assert latest().arguments == {"asked_for": "import score", "path": "/etc/passwd"}
    nemo.send(f"/jobs/score/{score.pk}/edit/", do="save", text="name: x", revision="3")
    assert latest().arguments == {
        "asked_for": "save score",
        "revision": 3,
        "sha256": sha256_of("name: x"),
        "score_id": score.pk,
        "exists": True,
    }
    nemo.send(f"/jobs/score/{score.pk}/restore/", version="1")
    assert latest().verb == "restore score"
    assert latest().arguments == {"score_id": score.pk, "exists": True, "version": "1"}
    nemo.send(f"/jobs/score/{score.pk}/editing/")
    assert (latest().verb, latest().arguments["score_id"]) == ("edit_score", score.pk)
    assert records().count() == 5


@pytest.mark.parametrize("pk", [9999, 10**30])
def test_edit_of_a_score_that_is_not_there_says_what_was_sent(nemo: Visitor, pk: int) -> None:
    nemo.send(f"/jobs/score/{pk}/edit/", do="draft", text="name: x")
    told = {"asked_for": "save draft", "exists": False, "sha256": sha256_of("name: x")}
    assert records().get().arguments.items() >= told.items()


@pytest.mark.parametrize("role", ["vera", "nemo"])
@pytest.mark.parametrize("part", ["check", "preview"])
def test_denied_judgement_in_the_editor_says_of_which_text(
    request: pytest.FixtureRequest, role: str, part: str
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    visitor.send(f"/jobs/score/{part}/", name="nightly", text="name: x")
    record = records().get()
    told = {"asked_for": f"{part} score", "score": "nightly", "sha256": sha256_of("name: x")}
    assert (record.kind, record.verb) == ("denied", "edit_score")
    assert record.arguments.items() >= told.items()


@pytest.mark.parametrize("is_own", [True, False])
def test_rest_of_a_batch_asked_for_without_any_right_is_recorded(
    nemo: Visitor, olga: Visitor, is_own: bool
) -> None:
    act_on_list(olga, "pause", [make_job()])
    batch = Batch.objects.get()
    if is_own:  # whose rights were taken away since
        Batch.objects.update(actor=User.objects.get(username="nemo"))
    nemo.send(f"/jobs/job/batch/{batch.pk}/again/")
    record = records().get()
    more = {"choice": "those that it never asked for"} if is_own else {"exists": True}
    assert (record.kind, record.verb) == ("denied", "bulk pause")
    assert record.arguments == {"batch": batch.pk, **more}


@pytest.mark.parametrize(
    ("address", "fields", "verb"),
    [
        ("job/{job}/cancel/", {}, "cancel"),
        ("job/{job}/clear/", {"key": "a b"}, "clear"),
        ("job/{job}/recover/", {"do": "try"}, "try_recover"),
        ("job/{job}/recover/", {"do": "recover"}, "recover"),
        ("job/{job}/modify/", {"do": "send", "text": "name: x"}, "modify"),
        ("job/{job}/modify/", {"do": "review", "text": "name: x"}, "modify"),
        ("job/add/", {"do": "submit", "source": "text", "text": "name: x"}, "submit"),
        ("job/act/pause/", {"batch": "7"}, "bulk pause"),
        ("conductor/{conductor}/clear-rate-limits/", {}, "clear_rate_limits"),
    ],
)
def test_denied_form_with_too_long_a_reason_is_recorded_with_a_part_of_it(
    vera: Visitor, running: Job, address: str, fields: dict[str, str], verb: str
) -> None:
    path = address.format(job=running.pk, conductor=running.conductor_id)
    assert vera.send(f"/jobs/{path}", reason="x" * 2_001, **fields).status == 403
    record = records().get()
    assert (record.kind, record.verb) == ("denied", verb)
    assert "x" * 1_900 in record.reason
    assert len(record.reason) <= 2_000


AS_A_GET = "answers a POST as it answers a GET"

# Routes that answer a POST and are not told of by `rightless`: what for.
OTHERS = {
    **dict.fromkeys(("login", "logout", "password_change"), "everybody's, and recorded by itself"),
    **dict.fromkeys(
        ("saved_view_save", "saved_view_change", "saved_view_delete"), "one's own, unless shared"
    ),
    "jobs_score_template": "shows what a template becomes, and keeps nothing",
    **dict.fromkeys(
        (
            *("index", "app_list", "auth/user/<path:object_id>/", "auth/group/<path:object_id>/"),
            *("auth_user_history", "auth_group_history", "jobs_job_history"),
            *("jobs_action_changelist", "jobs_action_export", "jobs_action_plain"),
            *("jobs_job_export", "jobs_job_plain"),
            *("jobs_conductor_changelist", "jobs_conductor_change", "jobs_score_changelist"),
        ),
        AS_A_GET,
    ),
}


def routes(patterns: Any = None, before: str = "") -> Iterator[tuple[str, str]]:
    """The console's routes by name, each with an address of it."""
    for pattern in admin.site.urls[0] if patterns is None else patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        else:
            numbered = re.sub(r"<(?:int|path):\w+>|<id>", "1", address)
            yield pattern.name or address, "/" + re.sub(r"<[^>]*>", "x", numbered)


def test_every_form_of_the_console_is_recorded_as_what_it_asks_for_or_named_here() -> None:
    user, client = make_user("admin", username="root"), Client()
    known, unnamed = dict(routes()), set()
    for name in known.keys() - CHECKS.keys():
        client.force_login(user)  # anew: one of them logs out
        if client.post(known[name]).status_code != 405:
            unnamed.add(name)
    assert unnamed == OTHERS.keys()
    assert CHECKS.keys() <= known.keys()


# What a form has to say to be an attempt; by route.
ASKING: dict[str, list[dict[str, Any]]] = {
    "saved_view_save": [{"name": "All", "query": "state=failed", "is_shared": "on"}],
    "saved_view_change": [{"name": "All", "is_shared": "on"}],
    "jobs_job_modify": [{"do": do, "text": "name: x"} for do in ("send", "review", "edit", "")],
    "jobs_job_recover": [{"do": do} for do in ("try", "recover")],
    "jobs_job_changelist": [{"action": "cancel", "_selected_action": "1"}],
    "jobs_score_edit": [{"do": do} for do in ("save", "draft", "discard", "preview", "")],
    "jobs_score_add": [{"do": "save"}, {"template": "x"}],
    "jobs_score_editing": [{}, {"left": "1"}],
    "auth_user_changelist": [{"action": "delete_selected", "_selected_action": "1"}],
    "auth_group_changelist": [{"action": "delete_selected", "_selected_action": "1"}],
}


def test_every_refused_form_of_the_console_leaves_a_record(
    viewer: User, running: Job, conductor: Conductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    score = kept_version("nightly", "text", make_user("operator")).score
    view = SavedView.objects.create(owner=viewer, listing="jobs", name="Mine", query="state=failed")
    numbers = {"jobs_job": running.pk, "jobs_score": score.pk, "saved_view": view.pk}
    numbers |= {"jobs_conductor": conductor.pk}
    client, refused, silent = Client(), set(), set()
    for name, address in routes():
        part = next((part for part in numbers if name.startswith(part)), "")
        path = address.replace("/1/", f"/{numbers.get(part, 1)}/")
        path = path.replace("/views/x/", "/views/jobs/").replace("/x/", "/cancel/")
        for fields in ASKING.get(name, [{}]):
            # Or what another route asked for as well is only counted.
            monkeypatch.setattr(denied, "_denials", Denials())
            client.force_login(viewer)  # anew: one of them logs out
            before = records().count()
            if client.post(path, fields).status_code != 403:
                continue
            refused.add(name)
            if records().count() == before:
                silent.add((name, str(fields)))
    assert {name for name, _ in silent if OTHERS.get(name) != AS_A_GET} == set()
    assert refused >= {"saved_view_save", "saved_view_change", "jobs_score_editing"}
    assert refused >= {name for name in CHECKS if name.startswith("jobs_job")}


def test_form_of_a_conductor_or_an_attempt_without_any_right_says_what_was_asked(
    nemo: Visitor, conductor: Conductor
) -> None:
    nemo.send(f"/jobs/conductor/{conductor.pk}/clear-rate-limits/", reason="let me")
    assert (latest().verb, latest().reason) == ("clear_rate_limits", "let me")
    nemo.send("/jobs/auditrecord/77/settle/", reason="let me")
    assert (latest().verb, latest().arguments) == ("settle", {"action": 77, "exists": False})


@pytest.mark.parametrize("address", ["/views/jobs/save/", "/jobs/job/", "/jobs/job/7/explode/"])
def test_form_without_any_right_that_asks_for_no_change_is_a_denied_view(
    nemo: Visitor, address: str
) -> None:
    assert nemo.send(address).status == 302
    assert records().get().verb == "view"


@pytest.mark.parametrize("role", ["olga", "vera"])
def test_reason_of_a_dry_run_from_the_page_is_recorded(
    request: pytest.FixtureRequest,
    role: str,
    conductor: Conductor,
    scripted: ScriptedConductor,
) -> None:
    visitor: Visitor = request.getfixturevalue(role)
    job = known(conductor, scripted, "failed")
    visitor.send(f"/jobs/job/{job.pk}/recover/", do="try", reason="to see")
    assert Action.objects.get(verb="try_recover").reason == "to see"


def test_too_long_a_reason_of_a_dry_run_is_told(
    olga: Visitor, conductor: Conductor, scripted: ScriptedConductor
) -> None:
    job = known(conductor, scripted, "failed")
    page = olga.send(f"/jobs/job/{job.pk}/recover/", do="try", reason="x" * 2_001)
    assert (page.status, "at most 2,000" in page.text) == (422, True)
    assert scripted.requests == []
