"""What axe-core finds wrong with a page: WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page

_RUN = """
async () => (await axe.run({ runOnly: { type: "tag", values: [
  "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice",
] }, resultTypes: ["violations"] })).violations
"""
_PLACES = 4


async def faults(page: Page) -> list[str]:
    """A line for each place; empty where axe has nothing to say."""
    # By the debugger's way, which the policy of the page does not forbid.
    await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = await page.evaluate(_RUN)
    return [
        f"{fault['id']} at {' '.join(map(str, node['target']))}: {node['html'][:160]}"
        for fault in found
        for node in fault["nodes"][:_PLACES]
    ]
