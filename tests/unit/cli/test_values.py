"""Columns from a command line and from JSON."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from satchel.model.errors import Mistake
from satchel_cli.values import read_columns, read_names


def test_each_argument_is_one_column() -> None:
    """The first ``=`` divides; an empty value clears the column."""
    assert read_columns(["name=Adventure Works", "fax=", "url=a=b"], None) == {
        "name": "Adventure Works",
        "fax": None,
        "url": "a=b",
    }


def test_a_file_gives_values_and_the_command_line_goes_before_it(tmp_path: Path) -> None:
    """JSON keeps numbers, truth and null; what is typed as well replaces the file's."""
    file = tmp_path / "columns.json"
    file.write_text('{"creditlimit": 5000.5, "donotemail": true, "fax": null, "name": "x"}')
    assert read_columns(["name=y"], str(file)) == {
        "creditlimit": 5000.5,
        "donotemail": True,
        "fax": None,
        "name": "y",
    }


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--json-columns -`` takes what is piped in."""
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"name": "x"}'))
    assert read_columns([], "-") == {"name": "x"}


@pytest.mark.parametrize(
    ("pairs", "content", "sentence"),
    [
        (["name"], None, "'name' is not COLUMN=VALUE."),
        (["=x"], None, "'=x' is not COLUMN=VALUE."),
        (["a=1", "a=2"], None, "The column a is given twice."),
        ([], None, "No columns are given."),
        ([], "[1]", "FILE is not a JSON object."),
        ([], "{", "FILE is not JSON: Expecting property name enclosed in double quotes: "),
        ([], "[" * 100_000, "FILE is not JSON: "),
        ([], "\x80", "FILE is not JSON: "),
    ],
)
def test_what_is_no_column_is_refused_in_one_sentence(
    tmp_path: Path, pairs: list[str], content: str | None, sentence: str
) -> None:
    """Each mistake is named; nothing is guessed and nothing is a traceback."""
    file = tmp_path / "columns.json"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    with pytest.raises(Mistake) as caught:
        read_columns(pairs, None if content is None else str(file))
    assert caught.value.code == "BAD_REQUEST"
    assert caught.value.message.replace(str(file), "FILE").startswith(sentence)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The path and the system's reason are in the sentence."""
    with pytest.raises(Mistake, match="cannot be read: No such file or directory"):
        read_columns([], str(tmp_path / "none.json"))


def test_names_are_parted_by_commas() -> None:
    """Spaces around a name do not belong to it; saying nothing means all."""
    assert read_names("name, fax,") == ["name", "fax"]
    assert read_names(None) is None
