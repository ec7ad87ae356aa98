"""The event loop that all browser tests of a worker share, for their one Chromium lives on it."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest_asyncio

LOOP_SCOPE: Final = "package"

fixture_on_shared_loop = partial(pytest_asyncio.fixture, loop_scope=LOOP_SCOPE)
