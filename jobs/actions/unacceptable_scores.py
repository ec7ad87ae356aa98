"""What is wrong with a score, for a record that has room for a line."""

from __future__ import annotations

from jobs.errors import ScoreError


def first_of(error: ScoreError) -> str:
    """The first error, where it is, and how many there are."""
    errors = [finding for finding in error.findings if finding.severity == "error"]
    if not errors:
        return str(error)
    where = f"line {errors[0].line}: " if errors[0].line > 1 else ""
    more = f" ({len(errors)} errors in all.)" if len(errors) > 1 else ""
    return f"Not acceptable: {where}{errors[0].message}{more}"
