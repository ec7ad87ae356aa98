"""Any JSON, for property tests, and settings under which a busy machine fails none of them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

on_any_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY_FLOAT = st.floats()


def json_values(numbers: st.SearchStrategy[float] = FINITE) -> st.SearchStrategy[object]:
    """Any value of JSON; with `ANY_FLOAT` also those that only Python's JSON has."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=10,
    )
