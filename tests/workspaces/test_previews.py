"""The beginning of a file, by what it holds and not by what it says it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.workspaces import Place, Preview, Shape, open_file, picture_type, preview_of
from jobs.workspaces import previews as previews_module


def shown(place: Place, work: Path, name: str, data: bytes, *, as_source: bool = False) -> Preview:
    (work / name).write_bytes(data)
    with open_file(place, (name,)) as file:
        return preview_of(name, file, as_source=as_source)


def test_text_is_its_lines(place: Place, work: Path) -> None:
    found = shown(place, work, "a.txt", "é\n\r\n<b>\n".encode())
    assert found.shape is Shape.TEXT
    assert found.lines == ("é", "", "<b>")
    assert not found.is_cut


def test_an_empty_file_is_empty(place: Place, work: Path) -> None:
    assert shown(place, work, "a.json", b"").shape is Shape.EMPTY


def test_a_huge_file_is_shown_from_its_beginning_alone(place: Place, work: Path) -> None:
    with (work / "huge.txt").open("wb") as huge:
        huge.write(b"line\n" * 100_000)
        huge.truncate(50 * 2**30)
    with open_file(place, ("huge.txt",)) as file:
        found = preview_of("huge.txt", file)
    assert found.is_cut
    assert found.size == 50 * 2**30
    assert len(found.lines) == previews_module.MAX_LINES


def test_one_endless_line_is_cut(place: Place, work: Path) -> None:
    found = shown(place, work, "a.txt", b"x" * 300_000)
    assert len(found.lines[0]) == previews_module.MAX_LINE_LETTERS
    assert found.is_cut


def test_a_letter_cut_in_two_by_the_bound_is_no_fault(place: Place, work: Path) -> None:
    found = shown(place, work, "a.txt", b"x" + "é".encode() * 200_000)
    assert not found.has_bad_letters


def test_bytes_that_are_no_letters_are_told(place: Place, work: Path) -> None:
    found = shown(place, work, "a.txt", b"good text with one \xff in it\n")
    assert found.has_bad_letters
    assert "\ufffd" in found.lines[0]


def test_other_bytes_are_shown_in_hexadecimal_digits(place: Place, work: Path) -> None:
    found = shown(place, work, "a.txt", b"\x7fELF\0\0" + bytes(range(64)))
    assert found.shape is Shape.BINARY
    assert found.lines[0].startswith("00000000  7f 45 4c 46 00 00")
    assert found.lines[0].endswith("·ELF············")


def test_text_with_a_byte_order_mark_is_text(place: Place, work: Path) -> None:
    assert shown(place, work, "a", "\ufeffhé".encode("utf-16")).lines[-1].endswith("hé")
    assert shown(place, work, "b", "\ufeffhé".encode()).lines == ("hé",)


def test_json_is_laid_out_and_every_value_stays_as_it_is(place: Place, work: Path) -> None:
    text = b'{"a":1.10,"a":123456789012345678901234567890,"b":[],"c":[true,{"d":"x,\\"y"}]}'
    found = shown(place, work, "a.json", text)
    assert found.shape is Shape.JSON
    assert found.lines == (
        "{",
        '  "a": 1.10,',
        '  "a": 123456789012345678901234567890,',
        '  "b": [],',
        '  "c": [',
        "    true,",
        "    {",
        '      "d": "x,\\"y"',
        "    }",
        "  ]",
        "}",
    )
    assert shown(place, work, "a.json", text, as_source=True).lines == (text.decode(),)


@pytest.mark.parametrize("data", [b"{no}", b"[" * 100_000, b"1" * 10_000, b'{"a": 1'])
def test_what_is_no_json_or_too_deep_is_text(place: Place, work: Path, data: bytes) -> None:
    assert shown(place, work, "a.json", data).shape in {Shape.TEXT, Shape.JSON}


def test_deep_json_stays_bounded(place: Place, work: Path) -> None:
    found = shown(place, work, "a.json", b"[" * 900 + b"1" + b"]" * 900)
    assert found.shape is Shape.JSON
    assert sum(len(line) for line in found.lines) < 200_000


def test_csv_is_a_table_of_its_first_rows(place: Place, work: Path) -> None:
    rows = "".join(f'{number};"a\nb";c\n' for number in range(500))
    found = shown(place, work, "a.csv", ("id;text\n" + rows).encode())
    assert found.shape is Shape.TABLE
    assert found.rows[0] == ("id", "text", "")
    assert found.rows[1] == ("0", "a\nb", "c")
    assert len(found.rows) == 201
    assert found.is_cut


def test_a_table_is_bounded_in_columns_and_cells(place: Place, work: Path) -> None:
    found = shown(place, work, "a.tsv", b"\t".join([b"x" * 1_000] * 80))
    assert len(found.rows[0]) == 50
    assert found.more_columns == 30
    assert len(found.rows[0][0]) == 300


def test_a_picture_is_one_by_its_first_bytes(place: Place, work: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    assert shown(place, work, "a.txt", png).shape is Shape.PICTURE
    assert shown(place, work, "a.png", b"<svg onload=alert(1)>").shape is Shape.TEXT
    assert shown(place, work, "a.svg", b"<svg onload=alert(1)>").shape is Shape.TEXT
    assert picture_type(b"RIFF1234WEBPVP8 ") == "image/webp"
    assert picture_type(b"RIFF1234WAVE") == ""


def test_a_picture_that_is_too_large_is_not_shown(place: Place, work: Path) -> None:
    with (work / "a.png").open("wb") as huge:
        huge.write(b"\x89PNG\r\n\x1a\n")
        huge.truncate(previews_module.MAX_PICTURE_BYTES + 1)
    with open_file(place, ("a.png",)) as file:
        found = preview_of("a.png", file)
    assert found.shape is Shape.BINARY
    assert "too large" in found.remark


def test_markdown_is_known_by_its_name(place: Place, work: Path) -> None:
    assert shown(place, work, "README.md", b"# Hi\n").shape is Shape.MARKDOWN
