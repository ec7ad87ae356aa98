"""How long to wait before a sheet is tried again."""

from __future__ import annotations

import random

from jobs.scores.models.attempts import RetryConfig

JITTER = 0.25  # of the delay, at most, added or taken away


def delay_s(retry: RetryConfig, failures: int) -> float:
    """Seconds before the next try, after so many failures in a row."""
    try:
        delay = retry.base_delay_seconds * retry.exponential_base ** (failures - 1)
    except OverflowError:
        delay = retry.max_delay_seconds
    delay = min(delay, retry.max_delay_seconds)
    if retry.jitter:
        delay *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, guards nothing
    return min(delay, retry.max_delay_seconds)


def may_retry(max_retries: int, failures: int) -> bool:
    """Whether a sheet that failed so often is tried again.

    `max_retries` counts tries, as the recorded conductor does: with 1 there is one try.
    Source: recorded exchange `wire/failing.jsonl` (max_retries 1, failed after its first try).
    """
    return failures < max_retries
