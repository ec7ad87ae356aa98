"""What every test is held to, tried out on small suites run by a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ("-p", "pytest_asyncio.plugin", "-p", "tests.strictness", "-p", "no:cacheprovider", "-q")
ALONE = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
CONFIG = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


def run(folder: Path, source: str, **environment: str) -> tuple[int, list[str]]:
    """The exit code and the lines of a pytest run over one file."""
    (folder / "test_it.py").write_text(source)
    (folder / "pytest.ini").write_text(CONFIG)
    names = ("CI", "PODIUM_EARLIER_PASS", "PYTEST_ADDOPTS", "TEST_DATABASE_URL")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith("PYTEST_")
    }
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "test_it.py"],
        cwd=folder,
        env=inherited | ALONE | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout.strip().splitlines()


SKIPPED = 'import pytest\n\n@pytest.mark.skip(reason="no moon")\ndef test_it(): ...\n'
SKIPPED_MODULE = 'import pytest\n\npytest.skip("no moon", allow_module_level=True)\n'
LEAKING = """
import asyncio

async def test_it():
    globals()["kept"] = asyncio.create_task(asyncio.sleep(60), name="forgotten")
"""
TIDY = """
import asyncio

async def test_it():
    asyncio.create_task(asyncio.sleep(0.05))
"""
PASSING = "def test_it(): ...\n"
VENDORS = """
import pytest

@pytest.mark.vendor("sqlite")
def test_here(): ...

@pytest.mark.vendor("postgresql")
def test_elsewhere(): ...
"""


def test_a_skip_passes_on_a_laptop(tmp_path: Path) -> None:
    code, lines = run(tmp_path, SKIPPED)
    assert (code, lines[-1].split(" in ")[0]) == (0, "1 skipped")


def test_a_skip_fails_on_ci_and_names_its_reason(tmp_path: Path) -> None:
    code, lines = run(tmp_path, SKIPPED, CI="true")
    assert (code, lines[-1].split(" in ")[0]) == (1, "1 error")
    assert "no moon" in "\n".join(lines)


def test_a_skipped_module_fails_on_ci(tmp_path: Path) -> None:
    code, lines = run(tmp_path, SKIPPED_MODULE, CI="true")
    assert code != 0
    assert "no moon" in "\n".join(lines)


def test_a_forgotten_task_fails_its_test_and_is_named(tmp_path: Path) -> None:
    code, lines = run(tmp_path, LEAKING)
    assert code == 1
    assert "forgotten" in "\n".join(lines)


def test_a_task_that_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    assert run(tmp_path, TIDY)[0] == 0


def test_a_failed_earlier_pass_fails_this_one_and_the_summary_stays_last(tmp_path: Path) -> None:
    code, lines = run(tmp_path, PASSING, PODIUM_EARLIER_PASS="on the moon")
    assert (code, lines[-1].split(" in ")[0]) == (1, "1 passed")
    assert "Tests failed on the moon" in "\n".join(lines)


def test_a_test_for_another_database_is_left_out_and_not_skipped(tmp_path: Path) -> None:
    code, lines = run(tmp_path, VENDORS, CI="true")
    assert (code, lines[-1].split(" in ")[0]) == (0, "1 passed, 1 deselected")
