"""The database that tests run on."""

from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.vendor("postgresql")
@pytest.mark.django_db
def test_the_pass_on_postgresql_is_there() -> None:
    assert connection.vendor == "postgresql"


@pytest.mark.vendor("sqlite")
@pytest.mark.django_db
def test_the_other_pass_is_on_sqlite() -> None:
    assert connection.vendor == "sqlite"
