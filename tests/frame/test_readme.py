"""What the documents say about the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], key=lambda path: str(path.relative_to(ROOT))
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_readme_lists_exactly_the_variables_that_the_settings_read() -> None:
    settings = (ROOT / "dashboard_project/settings.py").read_text()
    read = set(re.findall(r'(?:env\.[a-z_]+|_roots)\(\s*"([A-Z_]+)"', settings))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == read


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = [t for t in LINK.findall(document.read_text()) if not t.startswith("http")]
    broken = [t for t in targets if not (document.parent / t).exists()]
    assert broken == []


def test_readme_s_first_screen_has_the_two_commands_and_a_picture() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:15]
    assert [line.split("#")[0].strip() for line in first_screen if line.startswith("    ")] == [
        "make run",
        "make test",
    ]
    assert any(line.startswith("![") for line in first_screen)
