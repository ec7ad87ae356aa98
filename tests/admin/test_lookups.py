"""Addresses of lists that ask for more than the page offers."""

from __future__ import annotations

import pytest

from tests.admin.visitors import visitor_for
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "address",
    [
        "/jobs/conductor/?socket_path__regex=(.%2B)%2B%01",
        "/jobs/job/?error_message__contains=a",
        "/jobs/job/?first_seen_at__year=99999999999",
        "/jobs/auditrecord/?message__iregex=(",
        "/jobs/score/?name__regex=(",
        "/auth/user/?username__regex=(",
        "/auth/group/?name__regex=(",
    ],
)
def test_comparison_that_no_filter_offers_is_refused(address: str) -> None:
    assert visitor_for(make_user("admin")).get(address).status == 400


@pytest.mark.parametrize(
    "address",
    [
        "/jobs/job/?state=running&by=1",
        "/jobs/auditrecord/?since=2026-01-01T00:00&until=2026-02-01T00:00",
        "/jobs/auditrecord/?since=0001-01-01T00:00:00%2B23:59",
        "/jobs/auditrecord/?until=9999-12-31T23:59:59-23:59",
        "/auth/user/?is_active__exact=1&groups__id__exact=1",
    ],
)
def test_filter_of_the_page_is_answered(address: str) -> None:
    assert visitor_for(make_user("admin")).get(address).status == 200
