"""Text and arguments as every database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.audit import cleaning
from jobs.audit.cleaning import clean_arguments, clean_text, utc


def test_nul_and_lone_surrogates_are_replaced_in_sight() -> None:
    assert clean_text("a\x00b\ud800c", 100) == "a\ufffdb\ufffdc"


def test_markup_quotes_and_control_characters_stay() -> None:
    text = "<b>\"'&\x1b[31m\r\n\u2028\U0001f3bc"
    assert clean_text(text, 100) == text


def test_cut_text_says_how_much_is_missing() -> None:
    cut = clean_text("x" * 10_000, 8_000)
    assert len(cut) <= 8_000
    assert cut.endswith("… [2040 more characters]")


@given(st.text(max_size=400), st.integers(1, 300))
def test_clean_text_is_short_storable_and_stays_as_it_is(text: str, bound: int) -> None:
    clean = clean_text(text, bound)
    assert len(clean) <= bound
    assert "\x00" not in clean.encode("utf-8").decode("utf-8")
    assert clean_text(clean, bound) == clean


def test_float_becomes_its_text() -> None:
    assert clean_arguments({"timeout": 1.5, "not": float("nan")}) == {
        "timeout": "1.5",
        "not": "nan",
    }


def test_integer_beyond_what_json_readers_take_becomes_text() -> None:
    assert clean_arguments({"n": 2**60}) == {"n": str(2**60)}
    assert clean_arguments({"n": 10**5_000}) == {"n": "integer of 16610 bits"}


@pytest.mark.parametrize("name", ["password", "SECRET_KEY", "api_key", "access_token", "Cookie"])
def test_value_under_a_secret_name_is_not_stored(name: str) -> None:
    assert clean_arguments({"env": {name: "hunter2"}}) == {"env": {name: "[redacted]"}}


def test_value_that_is_not_json_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="is not JSON"):
        clean_arguments({"thing": object()})


def test_nesting_is_bounded() -> None:
    deep: Any = "end"
    for _ in range(1_000):
        deep = [deep]
    assert "nested too deeply" in str(clean_arguments({"deep": deep}))


def test_number_of_items_is_bounded_and_the_rest_counted() -> None:
    many = clean_arguments({"items": list(range(5_000))})["items"]
    assert len(many) == cleaning.MAX_ITEMS + 1
    assert many[-1] == f"… {5_000 - cleaning.MAX_ITEMS} more"


def test_total_length_is_bounded() -> None:
    kept = clean_arguments({str(n): "x" * 5_000 for n in range(100)})
    assert sum(map(len, kept.values())) <= cleaning.MAX_TOTAL_CHARS + cleaning.MAX_ARGUMENT_CHARS


def test_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_moment_of_another_zone_is_kept_in_utc() -> None:
    east = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert utc(east) == datetime(2026, 1, 1, tzinfo=UTC)
    assert utc(east).utcoffset() == timedelta(0)
