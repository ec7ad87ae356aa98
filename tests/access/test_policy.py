"""The one policy: who may see and do what."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.utils import timezone

from jobs.access import policy
from jobs.access.policy import EDIT_SCORE, VIEW, VIEW_AUDIT
from jobs.audit.models import Action
from jobs.live.models import Event
from jobs.registry.models import Score
from jobs.terms import Channel, Outcome, Verb
from tests.factories import Role, make_job, make_user

pytestmark = pytest.mark.django_db

CONTROL = (Verb.PAUSE, Verb.RESUME, Verb.CANCEL)
ALL = {VIEW, VIEW_AUDIT, EDIT_SCORE, *Verb}
RIGHTS: dict[Role, set[str]] = {
    "nobody": set(),
    "viewer": {VIEW},
    "operator": {VIEW, EDIT_SCORE, *Verb},
    "auditor": {VIEW, VIEW_AUDIT},
    "admin": ALL,
}


def _granted(user: User | AnonymousUser) -> set[str]:
    return {right for right in ALL if policy.may(user, right)}


@pytest.mark.parametrize("role", RIGHTS)
def test_each_role_has_its_rights_and_no_others(role: Role) -> None:
    assert _granted(make_user(role)) == RIGHTS[role]


@pytest.mark.parametrize("role", RIGHTS)
def test_rights_on_one_job_are_the_same(role: Role) -> None:
    job, user = make_job(), make_user(role)
    assert {right for right in ALL if policy.may(user, right, job)} == RIGHTS[role]


@pytest.mark.parametrize("role", RIGHTS)
def test_inactive_person_has_no_right(role: Role) -> None:
    user = make_user(role, is_active=False)
    assert _granted(user) == set()
    assert not policy.has_any_right(user)


def test_anonymous_person_has_no_right_and_sees_nothing() -> None:
    make_job()
    nobody = AnonymousUser()
    assert _granted(nobody) == set()
    assert not policy.visible_jobs(nobody).exists()
    assert not policy.visible_actions(nobody).exists()


@pytest.mark.parametrize("role", RIGHTS)
def test_whoever_has_a_right_may_enter_the_site(role: Role) -> None:
    assert policy.has_any_right(make_user(role)) == bool(RIGHTS[role])


def test_unknown_right_is_nobody_s() -> None:
    assert not policy.may(make_user("admin"), "launch")


def test_staff_flag_means_nothing() -> None:
    assert _granted(make_user("nobody", is_staff=True)) == set()


@pytest.mark.parametrize("verb", CONTROL)
def test_who_may_control_but_not_see_may_not_act_on_a_job(verb: Verb) -> None:
    user = make_user("nobody")
    user.user_permissions.add(Permission.objects.get(codename="control_job"))
    assert not policy.may(user, verb, make_job())


def test_right_given_to_one_person_alone_counts() -> None:
    user = make_user("viewer")
    user.user_permissions.add(Permission.objects.get(codename="clear_job"))
    assert _granted(user) == {VIEW, Verb.CLEAR}


def _make_action(user: User | None = None) -> Action:
    return Action.objects.create(
        action_id=uuid4(),
        verb=Verb.PAUSE,
        actor_id=user.pk if user else None,
        actor_name=user.get_username() if user else "somebody",
        channel=Channel.PAGE,
        outcome=Outcome.SUCCEEDED,
        started_at=timezone.now(),
    )


@pytest.mark.parametrize(
    ("role", "sees_all"),
    [("nobody", False), ("viewer", True), ("operator", True), ("auditor", True), ("admin", True)],
)
def test_who_may_view_sees_jobs_conductors_scores_and_events(role: Role, sees_all: bool) -> None:
    user, job = make_user(role), make_job()
    Score.objects.create(name="score")
    Event.objects.create(
        seq=1, at=timezone.now(), conductor=job.conductor.slug, job_pk=job.pk, event="job.started"
    )
    assert policy.visible_jobs(user).exists() == sees_all
    assert policy.visible_conductors(user).exists() == sees_all
    assert policy.visible_scores(user).exists() == sees_all
    assert policy.visible_events(user).exists() == sees_all


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_person_without_the_audit_right_sees_their_own_attempts_alone(role: Role) -> None:
    user = make_user(role)
    own = _make_action(user)
    _make_action()
    assert list(policy.visible_actions(user)) == [own]


@pytest.mark.parametrize(
    ("role", "is_told"),
    [("nobody", False), ("viewer", False), ("operator", True), ("auditor", True), ("admin", True)],
)
def test_who_acted_on_a_run_is_told_to_those_who_may_act_on_it(role: Role, is_told: bool) -> None:
    user, job = make_user(role), make_job()
    pause = _make_action()
    Action.objects.update(job_pk=job.pk)
    assert policy.explaining_actions(user).filter(pk=pause.pk).exists() is is_told
    assert policy.sees_who_acted(user) is is_told
    assert policy.may_read_action(user, pause) is (role in ("auditor", "admin"))


def test_what_is_no_action_on_a_run_explains_nothing() -> None:
    user, job = make_user("operator"), make_job()
    _make_action()
    Action.objects.update(job_pk=job.pk, verb="change user")
    assert not policy.explaining_actions(user).exists()


def test_own_attempt_is_readable_while_there_is_any_right() -> None:
    user = make_user("viewer")
    assert policy.may_read_action(user, _make_action(user))
    loser = make_user("nobody")
    assert not policy.may_read_action(loser, _make_action(loser))


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_audit_right_shows_all_attempts(role: Role) -> None:
    _make_action()
    assert policy.visible_actions(make_user(role)).exists()


def test_person_whose_rights_were_all_taken_does_not_even_see_their_own_attempts() -> None:
    user = make_user("nobody")
    _make_action(user)
    assert not policy.visible_actions(user).exists()


@pytest.mark.parametrize(
    ("role", "may_read"),
    [("viewer", False), ("operator", False), ("auditor", True), ("admin", True)],
)
def test_audit_log_is_for_those_with_the_audit_right(role: Role, may_read: bool) -> None:
    assert policy.may(make_user(role), policy.VIEW_AUDIT) is may_read


def test_groups_are_there_with_their_rights_and_stay_as_somebody_changed_them() -> None:
    from jobs.access.groups import GROUPS, ensure_groups

    viewer = Group.objects.get(name="Viewer")
    viewer.permissions.clear()
    Group.objects.get(name="Auditor").delete()
    ensure_groups()
    assert not viewer.permissions.exists()
    auditor = Group.objects.get(name="Auditor")
    assert set(auditor.permissions.values_list("codename", flat=True)) == GROUPS["Auditor"]
