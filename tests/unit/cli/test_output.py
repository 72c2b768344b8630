"""What people and programs get to see."""

from __future__ import annotations

import json
import sys
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel_cli import output


class Window:
    """Standard output as a terminal of some width."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_columns_stand_under_their_headers(capsys: pytest.CaptureFixture[str]) -> None:
    """Every column is as wide as its widest cell, wide characters counted as two."""
    output.print_table(("id", "name", "x"), [("1", "日本", 2), ("22", "a\u0301b", None)], "none")
    assert capsys.readouterr().out == "id  name  x\n1   日本  2\n22  a\u0301b\n"


def test_no_rows_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table says what its emptiness means."""
    output.print_table(("id",), [], "Nothing was refused.")
    assert capsys.readouterr().out == "Nothing was refused.\n"


def test_a_window_cuts_the_widest_column_and_never_the_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a line fits its width; the column that names the row stays whole."""
    Window(monkeypatch, 30)
    output.print_table(("id", "name", "b"), [("0123456789", "x" * 50, "yy")], "none")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "0123456789  " + "x" * 13 + "…  yy"
    assert len(last) == 30


def test_a_file_gets_whole_values_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not a terminal is neither cut nor coloured."""
    output.print_table(("id", "name"), [("1", "x" * 500)], "none")
    assert capsys.readouterr().out == "id  name\n1   " + "x" * 500 + "\n"


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    """``NO_COLOR`` and a dumb terminal are honoured."""
    Window(monkeypatch, 80)
    with mock.patch.dict("os.environ", environ):
        assert (output.paint(output.RED, "x") != "x") is coloured


@given(st.text())
def test_no_value_moves_the_cursor(text: str) -> None:
    """Control characters come out as digits, so nobody's record can paint a terminal."""
    shown = output.plain_text(text)
    assert all(character.isprintable() or character == "\u200d" for character in shown)
    assert text != shown or text.replace("\u200d", "").isprintable()


def test_values_look_as_they_are_typed() -> None:
    """A lookup, a list and truth can be given back to the command line as they are shown."""
    lookup = {"table": "contact", "id": "0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77"}
    shown = [
        output.show(value) for value in (None, True, 5, "a", lookup, [1, 2], b"\x01", {"a": 1})
    ]
    assert shown == [
        "", "true", "5", "a", "contact:0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77", "1, 2", "01",
        '{"a": 1}',
    ]  # fmt: skip


def test_fields_that_are_null_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are aligned, and text of several lines stays under its first."""
    output.print_fields({"a": "one\ntwo", "none": None, "long": ""})
    assert capsys.readouterr().out == "a     one\n      two\nlong  \n"


@given(items=st.lists(st.dictionaries(st.text(), st.integers() | st.text())))
def test_a_list_written_piece_by_piece_is_the_same_json(items: list[dict[str, object]]) -> None:
    """What is not held in memory at once reads as if it had been."""
    lines: list[str] = []
    with mock.patch.object(sys.stdout, "write", lines.append):
        output.print_json_list("rows", iter(items), {"next": None})
    assert json.loads("".join(lines)) == {"schema": 1, "rows": items, "next": None}


def test_json_carries_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Every object says which version of the output it is; bytes are hexadecimal digits."""
    output.print_json({"a": b"\xff", "b": "ü"})
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "a": "ff", "b": "ü"}
    output.print_json_line({"position": 1})
    assert capsys.readouterr().out == '{"schema": 1, "position": 1}\n'
