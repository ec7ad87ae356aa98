"""Views of lists that people keep: whose they are, what they hold, who shares them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from jobs.access.models import SavedView
from jobs.access.views import MAX_OF_ONE
from jobs.audit.models import AuditRecord
from tests.actions.records import records
from tests.admin.visitors import Page, Visitor
from tests.factories import make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def save(visitor: Visitor, *, listing: str = "jobs", **fields: str) -> Page:
    fields = {"name": "Broken", "query": "state=failed"} | fields
    return visitor.send(f"/views/{listing}/save/", **fields)


def view_of(username: str, **fields: object) -> SavedView:
    owner = User.objects.get(username=username)
    defaults = {"listing": "jobs", "name": "Broken", "query": "state=failed"}
    return SavedView.objects.create(owner=owner, **defaults | fields)


def notes_of(pk: int) -> list[AuditRecord]:
    notes = AuditRecord.objects.filter(kind="note", verb__contains="shar").order_by("n")
    return [note for note in notes if note.arguments["view_id"] == pk]


def test_view_is_kept_and_stands_over_its_list(olga: Visitor) -> None:
    answer = save(olga)
    assert answer.url == "/jobs/job/?state=failed"
    make_job(status="failed")
    page = olga.get("/jobs/job/")
    assert "Broken" in page.part("list-tabs")
    assert "/jobs/job/?state=failed" in page.links()


def test_only_what_the_list_knows_is_kept(olga: Visitor) -> None:
    save(olga, query="state=failed&next=//evil.example&before=7&password=x&_popup=1&sort=-cost")
    assert SavedView.objects.get().query == "sort=-cost&state=failed"


def test_row_that_was_tampered_with_leads_nowhere_else(olga: Visitor) -> None:
    view_of("olga", query="//evil.example/?state=failed")
    assert not [link for link in olga.get("/views/").links() if "evil" in link]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"query": ""},
        {"query": "unknown=1"},
        {"query": "score=" + "%C3%B6" * 300},
    ],
)
def test_view_that_cannot_be_kept_is_refused(olga: Visitor, fields: dict[str, str]) -> None:
    assert save(olga, **fields).status == 302
    assert not SavedView.objects.exists()


def test_moment_of_a_shared_view_is_one_moment_for_everybody(olga: Visitor) -> None:
    olga.client.cookies["podium_zone"] = "Europe/Berlin"
    save(olga, query="since=2026-07-01T14:00", is_shared="1")
    assert SavedView.objects.get().query == "since=2026-07-01T14%3A00%3A00%2B02%3A00"


def test_shared_view_is_seen_by_others_and_an_own_one_is_not(olga: Visitor, vera: Visitor) -> None:
    save(olga, name="Mine alone")
    save(olga, name="For all", is_shared="1")
    tabs = vera.get("/jobs/job/").part("list-tabs")
    assert "For all" in tabs
    assert "Mine alone" not in tabs


def test_sharing_takes_the_right_to_control(vera: Visitor) -> None:
    assert save(vera, is_shared="1").status == 403
    assert save(vera).status == 302
    assert not SavedView.objects.get().is_shared
    pk = SavedView.objects.get().pk
    assert vera.send(f"/views/{pk}/change/", name="x", is_shared="1").status == 403
    assert SavedView.objects.get().name == "Broken"


def test_denied_sharing_is_recorded_with_what_was_to_be_shared(vera: Visitor) -> None:
    save(vera, is_shared="1")
    record = records().get()
    assert (record.kind, record.verb) == ("denied", "share_view")
    assert record.arguments == {"listing": "jobs", "name": "Broken", "query": "state=failed"}
    pk = view_of("vera").pk
    vera.send(f"/views/{pk}/change/", name="x", is_shared="1")
    assert records().order_by("-n")[0].arguments == {
        "view_id": pk,
        "listing": "jobs",
        "name": "x",
    }


def test_what_becomes_of_a_shared_view_is_noted(olga: Visitor, root: Visitor) -> None:
    save(olga, is_shared="1")
    pk = SavedView.objects.get().pk
    olga.send(f"/views/{pk}/change/", name="Red ones", is_shared="1")
    save(olga, name="Red ones", query="state=running", is_shared="1")
    root.send(f"/views/{pk}/delete/")
    notes = notes_of(pk)
    assert [(note.verb, note.actor_name) for note in notes] == [
        ("share view", "olga"),
        ("change shared view", "olga"),
        ("change shared view", "olga"),
        ("delete shared view", "root"),
    ]
    assert [note.arguments["name"] for note in notes] == ["Broken", *["Red ones"] * 3]
    assert notes[1].arguments["before"]["name"] == "Broken"
    assert notes[2].arguments["query"] == "state=running"
    assert notes[3].arguments["owner"] == "olga"


def test_view_that_is_no_longer_shared_is_noted_once(olga: Visitor) -> None:
    pk = view_of("olga", is_shared=True).pk
    olga.send(f"/views/{pk}/change/", name="Broken")
    olga.send(f"/views/{pk}/change/", name="Mine")
    olga.send(f"/views/{pk}/delete/")
    [note] = notes_of(pk)
    assert (note.verb, note.arguments["is_shared"]) == ("change shared view", False)


def test_own_views_are_nobody_elses_matter(olga: Visitor) -> None:
    save(olga)
    olga.send(f"/views/{SavedView.objects.get().pk}/delete/")
    assert not AuditRecord.objects.filter(verb__contains="view").exists()


def test_view_of_a_list_that_one_may_not_see_does_not_exist(vera: Visitor, root: Visitor) -> None:
    assert save(vera, listing="audit", query="verb=pause").status == 404
    save(root, listing="audit", query="verb=pause", is_shared="1")
    assert "Broken" not in vera.get("/views/").text
    assert save(root, listing="nonsense").status == 404


def test_view_of_somebody_else_is_not_changed_or_deleted(olga: Visitor, vera: Visitor) -> None:
    save(olga, is_shared="1")
    pk = SavedView.objects.get().pk
    assert vera.send(f"/views/{pk}/change/", name="Hers").status == 404
    assert vera.send(f"/views/{pk}/delete/").status == 404
    assert SavedView.objects.get().name == "Broken"


def test_own_view_is_renamed_and_deleted(vera: Visitor) -> None:
    save(vera)
    pk = SavedView.objects.get().pk
    vera.send(f"/views/{pk}/change/", name="Red ones")
    assert SavedView.objects.get().name == "Red ones"
    vera.send(f"/views/{pk}/delete/")
    assert not SavedView.objects.exists()


def test_name_that_is_taken_is_refused(vera: Visitor) -> None:
    save(vera)
    save(vera, name="Other")
    pk = SavedView.objects.get(name="Other").pk
    page = vera.send(f"/views/{pk}/change/", name="Broken", follow=True)
    assert "There is a view “Broken” already." in page.text
    assert SavedView.objects.get(pk=pk).name == "Other"


def test_superuser_takes_down_what_is_shared(olga: Visitor, root: Visitor) -> None:
    save(olga, is_shared="1")
    root.send(f"/views/{SavedView.objects.get().pk}/delete/")
    assert not SavedView.objects.exists()


def test_nobody_keeps_more_views_than_the_bound(vera: Visitor) -> None:
    for number in range(MAX_OF_ONE):
        view_of("vera", name=f"View {number}")
    save(vera, name="One more")
    assert SavedView.objects.count() == MAX_OF_ONE


def test_person_without_any_right_keeps_nothing(nemo: Visitor, stranger: Visitor) -> None:
    for visitor in (nemo, stranger):
        assert save(visitor).status in {302, 403, 404}
        assert visitor.get("/views/").status in {302, 403}
    assert not SavedView.objects.exists()


def test_hostile_name_is_shown_and_not_obeyed(vera: Visitor) -> None:
    save(vera, name="<img src=x>\u202egnp")
    for path in ("/views/", "/jobs/job/"):
        page = vera.get(path)
        assert "<img src=x>" not in page.html
        assert "<img src=x>" in page.text


def test_view_goes_with_its_owner(vera: Visitor) -> None:
    make_user("viewer", username="gone")
    view_of("gone", is_shared=True)
    User.objects.get(username="gone").delete()
    assert not SavedView.objects.exists()
