"""Forms for things that are not there leave a record of what was asked, outside jobs too."""

from __future__ import annotations

import pytest
from django.urls import reverse

from jobs.registry.scores import kept_version, sha256_of
from tests.actions.records import records
from tests.admin.visitors import Visitor
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("name", "verb", "told"),
    [
        ("jobs_conductor_clear_rate_limits", "clear_rate_limits", "conductor"),
        ("jobs_score_restore", "restore score", "score_id"),
        ("jobs_score_edit", "edit_score", "score_id"),
        ("jobs_action_settle", "settle", "action"),
    ],
)
def test_form_for_what_is_not_there_is_404_and_recorded(
    olga: Visitor, name: str, verb: str, told: str
) -> None:
    address = reverse(f"admin:{name}", args=(9999,))
    before = records().count()
    for _ in range(2):
        assert olga.send(address, reason="why", do="save", version="1").status == 404
    assert records().count() == before + 1
    record = records().order_by("-n")[0]
    assert (record.kind, record.verb, record.outcome) == ("denied", verb, "denied")
    assert record.arguments == {told: 9999, "exists": False}


def test_a_version_that_a_score_does_not_have_is_recorded(olga: Visitor) -> None:
    score = kept_version("nightly", "text", make_user("operator")).score
    address = reverse("admin:jobs_score_restore", args=(score.pk,))
    assert olga.send(address, version="7").status == 404
    record = records().order_by("-n")[0]
    assert record.arguments == {"score_id": score.pk, "exists": True, "version": "7"}


def test_a_number_that_no_score_can_have_is_recorded(olga: Visitor) -> None:
    assert olga.send(f"/jobs/score/{10**30}/edit/", do="save").status == 404
    assert records().order_by("-n")[0].kind == "denied"


def test_a_denied_form_says_what_was_tried(vera: Visitor) -> None:
    sent = {"do": "save", "name": "nightly", "text": "name: x"}
    assert vera.send("/jobs/score/add/", **sent).status == 403
    told = records().order_by("-n")[0].arguments
    assert (told["asked_for"], told["score"]) == ("save score", "nightly")
    assert told["sha256"] == sha256_of("name: x")
