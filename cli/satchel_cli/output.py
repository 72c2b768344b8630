r"""How answers look: tables and fields for people, ``{"schema": 1, ..}`` for programs.

Owns widths, colour and the words for values.  Colour and cutting to the window's width
happen on a terminal only; ``NO_COLOR`` (set to anything) and ``TERM=dumb`` turn colour off.
What others wrote is shown, never obeyed: control characters come out as ``\x1b``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TextIO
from unicodedata import combining, east_asian_width

SCHEMA: Final = 1
"""The version of everything ``--json`` prints; it changes when a name or a meaning does."""

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
_GAP: Final = "  "
_CELL_WIDTH_MIN: Final = 8


def print_json(plain: Mapping[str, Any]) -> None:
    """Print one JSON object for a program."""
    print(json.dumps({"schema": SCHEMA, **plain}, **_JSON, indent=2))


def print_json_line(plain: Mapping[str, Any], file: TextIO | None = None) -> None:
    """Print one JSON object on one line: an event among many, or an error."""
    print(json.dumps({"schema": SCHEMA, **plain}, **_JSON), file=file, flush=True)


def print_json_list(name: str, items: Iterable[Any], rest: Mapping[str, Any]) -> None:
    """As :func:`print_json` of ``{name: items, **rest}``, without holding all items at once.

    ``rest`` is read after the last item.
    """
    print(f'{{\n  "schema": {SCHEMA},\n  {json.dumps(name)}: [', end="")
    separator = "\n"
    for item in items:
        print(f"{separator}    {json.dumps(item, **_JSON)}", end="")
        separator = ",\n"
    print("\n  ]", end="")
    for key, value in rest.items():
        print(f",\n  {json.dumps(key)}: {json.dumps(value, **_JSON)}", end="")
    print("\n}")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """Print rows under their headers; ``empty`` says what it means where there are none."""
    cells = [[one_line(value) for value in row] for row in rows]
    if not cells:
        print(empty)
        return
    widths = [
        max(width_of(row[place]) for row in (headers, *cells)) for place in range(len(headers))
    ]
    if sys.stdout.isatty():
        _narrow(widths, terminal_width() - len(_GAP) * (len(widths) - 1))
    print(paint(BOLD, _joined(headers, widths)))
    for row in cells:
        print(_joined(row, widths))


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values, one below the other; text of several lines is indented.

    What is None is left out.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    width = max(map(width_of, given), default=0)
    for name, value in given.items():
        head, *tail = show(value).split("\n")
        print(paint(BOLD, _padded(plain_text(name), width)) + _GAP + plain_text(head))
        for line in tail:
            print(" " * width + _GAP + plain_text(line))


def note(text: str) -> None:
    """Say something beside the answer: to people, on stderr."""
    print(text, file=sys.stderr)


def paint(colour: str, text: str) -> str:
    """The text in a colour, where standard output is a terminal that wants it."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def show(value: Any) -> str:
    """A value as a person would type it: ``contact:UUID``, ``true``, ``1, 2``; null is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case {"table": str(table), "id": str(row_id)}:
            return f"{table}:{row_id}"
        case bytes():
            return value.hex()
        case list():
            return ", ".join(map(show, value))
        case dict():
            return json.dumps(value, **_JSON)
    return str(value)


def one_line(value: Any) -> str:
    """A value in one line, for a cell of a table."""
    return plain_text(" ".join(show(value).split("\n")))


def plain_text(text: str) -> str:
    """The text with control characters written out, so that no value moves the cursor."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character == "\u200d"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def moment(ms: int | None) -> str:
    """Milliseconds since 1970 as local time."""
    if ms is None:
        return ""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def counted(number: int, singular: str, plural: str = "") -> str:
    """``1 row``, ``1,234 rows``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def width_of(text: str) -> int:
    """Columns of a terminal that the text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1
        for character in text
    )


def terminal_width() -> int:
    """Columns of the window; ``COLUMNS`` goes first, as everywhere."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def _plainly(value: Any) -> Any:
    """What JSON has no form for: bytes, as hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_JSON: Final[dict[str, Any]] = {"ensure_ascii": False, "default": _plainly}


def _narrow(widths: list[int], room: int) -> None:
    """Take from the widest columns what is too much.  The first names the row and is kept."""
    while sum(widths) > room:
        widest = max(range(1, len(widths)), key=lambda place: widths[place], default=0)
        if widest == 0 or widths[widest] <= _CELL_WIDTH_MIN:
            return
        widths[widest] -= 1


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (_padded(_cut(cell, width), width) for cell, width in zip(row, widths, strict=True))
    return _GAP.join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    if width_of(text) <= width:
        return text
    kept = ""
    for character in text:
        if width_of(kept) + width_of(character) > width - 1:
            break
        kept += character
    return kept + "…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))
