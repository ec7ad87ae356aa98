"""Patterns of a site that can be used and yet should not."""

from __future__ import annotations

from jobs.logs import doubt_about


def test_a_pattern_that_is_a_large_program_is_doubted() -> None:
    assert "so large" in (doubt_about(r"(?:[\n-~]?){1000}\x7f") or "")


def test_ordinary_patterns_are_not_doubted() -> None:
    for text in (r"ticket-(\d+)", "nightingale", r"corp_\w{20,60}"):
        assert doubt_about(text) is None
