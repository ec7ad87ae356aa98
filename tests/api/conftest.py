"""The scripted conductor again, and callers with tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

from jobs.api import credentials
from jobs.api.guesses import GuessLimit
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
from tests.api.caller import Caller, caller_for
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
def olga(operator: User) -> Caller:
    """An operator's program."""
    return caller_for(operator)


@pytest.fixture
def vera(viewer: User) -> Caller:
    """A viewer's program."""
    return caller_for(viewer)


@pytest.fixture
def audra(transactional_db: None) -> Caller:
    """An auditor's program."""
    return caller_for(make_user("auditor", username="audra"))


@pytest.fixture
def nemo(transactional_db: None) -> Caller:
    """A program of somebody without any right."""
    return caller_for(make_user("nobody", username="nemo"))


@pytest.fixture(autouse=True)
def _fresh_brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(credentials, "_guesses", GuessLimit())
    yield
    cache.clear()
