"""Names for headers and archives: nothing in them is obeyed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.workspaces import disposition, download_name, is_hidden


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("report.pdf", "attachment; filename=\"report.pdf\"; filename*=UTF-8''report.pdf"),
        (
            'a"b\r\nX: 1.txt',
            "attachment; filename=\"a_b__X_ 1.txt\"; filename*=UTF-8''a_b__X_%201.txt",
        ),
        ("é.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A9.txt"),
        ("caf\udce9", "attachment; filename=\"caf_\"; filename*=UTF-8''caf_"),
        ("...", "attachment; filename=\"file\"; filename*=UTF-8''file"),
        ("gpj.\u202eexe", "attachment; filename=\"gpj._exe\"; filename*=UTF-8''gpj._exe"),
    ],
)
def test_a_header_names_the_file_safely(name: str, wanted: str) -> None:
    assert disposition(name) == wanted


@given(st.text(max_size=300))
def test_a_header_is_one_printable_line(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert download_name(name)


def test_a_hidden_folder_hides_what_is_in_it() -> None:
    assert is_hidden(("a", ".git", "config"))
    assert not is_hidden(("a.b", "c"))
