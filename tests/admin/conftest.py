"""The scripted conductor again, and people before a browser without scripts."""

from __future__ import annotations

import pytest

from tests.actions.fixtures import (
    _connections_end,
    conductor,
    folders,
    loop_connections,
    operator,
    running,
    scripted,
    viewer,
)
from tests.admin.visitors import Visitor, visitor_for
from tests.factories import make_user

__all__ = [
    "_connections_end",
    "conductor",
    "folders",
    "loop_connections",
    "operator",
    "running",
    "scripted",
    "viewer",
]


@pytest.fixture
def olga(transactional_db: None) -> Visitor:
    """An operator."""
    return visitor_for(make_user("operator", username="olga"))


@pytest.fixture
def vera(transactional_db: None) -> Visitor:
    """A viewer."""
    return visitor_for(make_user("viewer", username="vera"))


@pytest.fixture
def audra(transactional_db: None) -> Visitor:
    """An auditor."""
    return visitor_for(make_user("auditor", username="audra"))


@pytest.fixture
def nemo(transactional_db: None) -> Visitor:
    """Somebody without any right."""
    return visitor_for(make_user("nobody", username="nemo"))


@pytest.fixture
def root(transactional_db: None) -> Visitor:
    """A superuser."""
    return visitor_for(make_user("admin", username="root"))


@pytest.fixture
def stranger(transactional_db: None) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor()
