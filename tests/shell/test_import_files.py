"""CSV files as they are found: encodings, quotes, line numbers, and lines beyond help."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.hub.importing import Line
from satchel.hub.map_sources import Marks
from satchel.hub.mapping import FileForm
from satchel.model.errors import Mistake
from satchel.shell.import_files import CsvFolder, read_map

FORM = FileForm("a.csv", "utf-8", ",", '"', (), frozenset(("",)), {}, False, Marks(".", ""))


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield path
    shutil.rmtree(path)


def lines(folder: Path, data: bytes, form: FileForm = FORM) -> list[Line]:
    (folder / form.path).write_bytes(data)
    return list(CsvFolder(folder).lines(form))


def test_records_come_with_their_first_line(folder: Path) -> None:
    """A record is numbered by the line it begins on; line breaks in quotes and empty lines count."""
    found = lines(folder, b'a,b\n1,"x\ny"\n\n2,"say ""so"""\r\n3,\n')
    assert found == [
        Line(2, {"a": "1", "b": "x\ny"}),
        Line(5, {"a": "2", "b": 'say "so"'}),
        Line(6, {"a": "3", "b": ""}),
    ]


def test_a_byte_order_mark_is_no_part_of_a_name(folder: Path) -> None:
    """Files from spreadsheets begin with three bytes that nobody sees."""
    (folder / "a.csv").write_bytes("\ufeffa,b\n1,2\n".encode())
    assert CsvFolder(folder).header(FORM) == ["a", "b"]
    assert lines(folder, "\ufeffa,b\n1,2\n".encode())[0].texts == {"a": "1", "b": "2"}


def test_other_forms(folder: Path) -> None:
    """Delimiter, quote, encoding and a header in the map are followed."""
    form = FORM._replace(delimiter="\t", quote="'", encoding="cp1252", header=("x", "y"))
    found = lines(folder, "1\t'Größe\t2'\n".encode("cp1252"), form)
    assert found == [Line(1, {"x": "1", "y": "Größe\t2"})]
    assert CsvFolder(folder).header(form) == ["x", "y"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"1,2,3\n", "it has 3 fields and the header 2"),
        (b"1\n", "it has 1 fields and the header 2"),
        (b"1,caf\xe9\n", "it has bytes that are not utf-8"),
        (b'1,"x"y\n', "its quotes or fields are broken"),
        (b"1," + b"x" * (1 << 20) + b"y\n", "its quotes or fields are broken"),
    ],
)
def test_a_bad_line_does_not_end_the_file(folder: Path, bad: bytes, said: str) -> None:
    """A line that cannot be cut or decoded is told, and the next one is read."""
    first, second = lines(folder, b"a,b\n" + bad + b"5,6\n")
    assert (first.number, first.texts) == (2, {})
    assert first.problem is not None
    assert said in first.problem
    assert second == Line(3, {"a": "5", "b": "6"})


def test_a_quote_that_never_closes_takes_the_rest(folder: Path) -> None:
    """What follows an open quote is one broken record, told with the line it begins on."""
    first, broken = lines(folder, b'a,b\n1,2\n3,"open\n4,5\n')
    assert first == Line(2, {"a": "1", "b": "2"})
    assert (broken.number, broken.texts) == (3, {})
    assert broken.problem is not None


def test_a_file_that_stops_being_text(folder: Path) -> None:
    """Where no later line can be found any more, the last line says so."""
    form = FORM._replace(encoding="utf-16")
    *good, last = lines(folder, "a,b\n1,2\n".encode("utf-16") + b"\x00\xd8\x00", form)
    assert all(line.problem is None for line in good)
    assert last.problem is not None
    assert "cannot be decoded" in last.problem


@pytest.mark.parametrize(("data", "count"), [(b"", 0), (b"a\n", 1), (b"a\nb", 2), (b"a\nb\n", 2)])
def test_lines_are_counted(folder: Path, data: bytes, count: int) -> None:
    """The last line counts whether or not it is ended."""
    (folder / "a.csv").write_bytes(data)
    assert CsvFolder(folder).line_count(FORM) == count


def test_files_and_maps_that_are_not_there(folder: Path) -> None:
    """A missing file and a missing or broken map are BAD_MAP, in a sentence."""
    (folder / "broken.toml").write_text("format = \n")
    (folder / "binary.toml").write_bytes(b"\xff\xfe")
    (folder / "a.csv").write_bytes(b'"')
    for attempt, said in (
        (lambda: CsvFolder(folder).header(FORM._replace(path="none.csv")), "none.csv cannot be"),
        (lambda: CsvFolder(folder).header(FORM), "a.csv has no readable header"),
        (lambda: CsvFolder(folder).header(FORM._replace(path=".")), "cannot be read"),
        (lambda: read_map(folder / "none.toml"), "none.toml cannot be read"),
        (lambda: read_map(folder / "broken.toml"), "broken.toml is no TOML"),
        (lambda: read_map(folder / "binary.toml"), "binary.toml is no TOML"),
    ):
        with pytest.raises(Mistake) as caught:
            attempt()
        assert caught.value.code == "BAD_MAP"
        assert said in caught.value.message
