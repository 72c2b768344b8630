"""The files of an import: the map and the folder of CSV files, read as they are asked for.

Owns opening, decoding and cutting into records.  Must not know what a record means: that
a file cannot be read at all is BAD_MAP, that a line cannot is told with the line.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, TextIO

from satchel.hub.importing import Line
from satchel.hub.map_table import bad_map
from satchel.hub.mapping import FileForm, Map, parse_map
from satchel.model.limits import CHANGESET_BYTES_MAX

_CHUNK_BYTES = 1 << 20


def read_map(path: Path) -> Map:
    """The map in a TOML file.  Raises Mistake BAD_MAP."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise bad_map(str(path), f"cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise bad_map(str(path), f"is no TOML ({error})") from None
    return parse_map(raw)


class CsvFolder:
    """The CSV files of one folder: the :class:`satchel.hub.importing.Folder` of real imports."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def header(self, form: FileForm) -> list[str]:
        """The names of the columns: those the map gives, else the file's first record."""
        if form.header:
            self._open(form).close()
            return list(form.header)
        with self._open(form) as file:
            try:
                return next(_reader(file, form), [])
            except (csv.Error, UnicodeError) as error:
                raise bad_map(form.path, f"has no readable header ({error})") from None

    def line_count(self, form: FileForm) -> int:
        """Lines, counted fast: line breaks inside quotes count, as they do in line numbers."""
        count, last = 0, b"\n"
        with (self._path / form.path).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                count, last = count + chunk.count(b"\n"), chunk[-1:]
        return count + (last != b"\n")

    def lines(self, form: FileForm) -> Iterator[Line]:
        """The records after the header; empty lines are none.

        A record with broken quotes, too few or too many fields, or bytes that are not of
        the file's encoding comes as a line with a problem, and reading goes on.
        """
        with self._open(form) as file:
            records = _reader(file, form)
            header = list(form.header) or next(records, [])
            while True:
                number = records.line_num + 1
                try:
                    fields = next(records, None)
                except csv.Error as error:
                    yield Line(number, {}, f"its quotes or fields are broken ({error})")
                    continue
                except UnicodeError as error:
                    yield Line(number, {}, f"from here on the file cannot be decoded ({error})")
                    return
                if fields is None:
                    return
                if fields:
                    yield _line(number, header, fields, form)

    def _open(self, form: FileForm) -> TextIO:
        # A byte order mark is no part of the first column's name.
        encoding = "utf-8-sig" if form.encoding.lower() in ("utf-8", "utf8") else form.encoding
        try:
            return (self._path / form.path).open(
                encoding=encoding, errors="surrogateescape", newline=""
            )
        except OSError as error:
            raise bad_map(form.path, f"cannot be read ({error.strerror})") from None


class _Records(Protocol):
    """What ``csv.reader`` makes."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def _reader(file: TextIO, form: FileForm) -> _Records:
    csv.field_size_limit(CHANGESET_BYTES_MAX)
    return csv.reader(file, delimiter=form.delimiter, quotechar=form.quote, strict=True)


def _line(number: int, header: list[str], fields: list[str], form: FileForm) -> Line:
    if len(fields) != len(header):
        return Line(number, {}, f"it has {len(fields)} fields and the header {len(header)}")
    if any("\udc80" <= character <= "\udcff" for field in fields for character in field):
        return Line(number, {}, f"it has bytes that are not {form.encoding}")
    return Line(number, dict(zip(header, fields, strict=True)))
