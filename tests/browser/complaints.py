"""What a browser complains about while a person would see nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.async_api import BrowserContext, ConsoleMessage, Page, WebError

# Runs before any script of the page and is not subject to its policy.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(
    `policy violation: ${event.effectiveDirective} blocked ${event.blockedURI || "inline"}`,
    `in ${event.sourceFile || document.location}:${event.lineNumber} ${event.sample}`,
  );
});
"""


class Complaints:
    """Console errors and warnings, uncaught exceptions and policy violations of all pages."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    async def watch(self, context: BrowserContext) -> None:
        """Listen to every page of the context from now on."""
        await context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)

    @contextmanager
    def allowing(self, pattern: str) -> Iterator[None]:
        """Leave out what matches while the block runs: what the test itself provokes."""
        allowed = re.compile(pattern)
        self._allowed.append(allowed)
        try:
            yield
        finally:
            self._allowed.remove(allowed)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._add(message.page, f"{message.type}: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self._add(error.page, f"uncaught: {error.error}")

    def _add(self, page: Page | None, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._allowed):
            self.found.append(f"{page.url if page else '?'}: {text}")
