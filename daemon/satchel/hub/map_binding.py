"""A map met with an organisation's tables: every name looked up, every promise checked.

Owns the ids of imported rows, what a value read from a file becomes in a column of a given
kind, and which lookups must wait for a second pass.  All mistakes of a map that can be
found without its files are found here, before anything is written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, tzinfo
from hashlib import blake2b
from typing import Any

from satchel.hub.import_steps import Finder, LinkStep, RowStep, Step, Target
from satchel.hub.map_sources import (
    Amount,
    AnySource,
    BadValue,
    Constant,
    Find,
    Lookup,
    Marks,
    Record,
    Source,
    parse_amount,
    text_of,
)
from satchel.hub.map_table import bad_map
from satchel.hub.mapping import FileForm, LinkSection, Map, RowSection
from satchel.model.errors import Invalid
from satchel.model.ids import ID_BYTES
from satchel.model.kinds import Kind
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.dates import ZONE_INDEPENDENT
from satchel.schema.table import Table
from satchel.schema.validate import to_stored

_NUMBERS = frozenset((Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.MONEY, Kind.DOUBLE))

Read = Callable[[Record], Any]


def row_id(org: bytes, table: str, section: str, key: Iterable[str]) -> bytes:
    """The id of an imported row: the same for the same key, in this organisation only.

    A UUIDv8 (RFC 9562, 5.8) made of BLAKE2b over organisation, table, section of the map
    and key, each with its length; so renaming a section makes other rows.
    """
    digest = blake2b(digest_size=ID_BYTES, person=b"satchel import")
    for part in (org, table.encode(), section.encode(), *(_key_bytes(part) for part in key)):
        digest.update(len(part).to_bytes(4, "big") + part)
    raw = bytearray(digest.digest())
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


def _key_bytes(part: str) -> bytes:
    return unicodedata.normalize("NFC", part).encode()


def bind_map(read_map: Map, catalog: Catalog, org: bytes) -> list[Step]:
    """The steps that carry a map out.  Raises Mistake BAD_MAP."""
    binder = _Binder(read_map, catalog, org)
    steps: list[Step] = []
    late: list[Step] = []
    for section in read_map.rows:
        table = binder.table(section.table, f"{section.place}.table")
        if table.intersect is not None:
            raise bad_map(
                f"{section.place}.table", f"shows the links of {table.intersect}: use [links]"
            )
        waiting = {name for name in section.columns if binder.must_wait(section, name)}
        for name in sorted(waiting & {column.name for column in table.required}):
            raise bad_map(
                f"{section.place}.columns.{name}",
                "is required, so the section it looks up must come before this one",
            )
        steps.append(binder.step(section, table, waiting, first=True))
        if waiting:
            late.append(binder.step(section, table, waiting, first=False))
    links = [binder.links(section) for section in read_map.links]
    return [*steps, *late, *links]


class _Binder:
    """Binds the sections of one map."""

    def __init__(self, read_map: Map, catalog: Catalog, org: bytes) -> None:
        self._zone = read_map.zone
        self._catalog = catalog
        self._org = org
        self._sections = {section.name: section for section in read_map.rows}
        self._order = {section.name: position for position, section in enumerate(read_map.rows)}

    def table(self, name: str, place: str) -> Table:
        try:
            return self._catalog.table(name)
        except Invalid:
            raise bad_map(place, f"names {name!r}, which is no table here") from None

    def must_wait(self, section: RowSection, name: str) -> bool:
        """Whether a lookup's section is not loaded before this one."""
        source = section.columns[name]
        if not isinstance(source, Lookup):
            return False
        return self._order.get(source.section, -1) >= self._order[section.name]

    def step(self, section: RowSection, table: Table, waiting: set[str], *, first: bool) -> RowStep:
        """One pass over a section: all columns but those that must wait, or only these."""
        finders: list[Finder] = []
        now: dict[str, Read] = {}
        late: dict[str, Read] = {}
        for name, source in section.columns.items():
            place = f"{section.place}.columns.{name}"
            read = self._column(table, name, source, section.file, place, finders)
            (late if name in waiting else now)[name] = read
        key = self._key(table, section.name, section.key)
        if first:
            return RowStep(section, table, key, now, late, finders, first=True)
        return RowStep(section, table, key, late, {}, [], first=False)

    def links(self, section: LinkSection) -> LinkStep:
        """The pass over a section of links."""
        place = section.place
        try:
            link = self._catalog.link(section.relationship)
        except Invalid:
            why = f"names {section.relationship!r}, which is no N:N relationship here"
            raise bad_map(f"{place}.relationship", why) from None
        finders: list[Finder] = []
        ends = {}
        for side, source, table in (
            ("left", section.left, link.left),
            ("right", section.right, link.right),
        ):
            at = f"{place}.{side}"
            ends[side] = self._reference(source, (table,), section.file, at, finders)
        return LinkStep(section, link, ends, finders)

    def _column(
        self,
        table: Table,
        name: str,
        source: AnySource,
        file: FileForm,
        place: str,
        finders: list[Finder],
    ) -> Read:
        column = _writable(table, name, place)
        if isinstance(source, Lookup | Find):
            return self._reference(source, column.targets, file, place, finders)
        return self._value(table, column, source, file, place)

    def _value(
        self, table: Table, column: Column, source: Source, file: FileForm, place: str
    ) -> Read:
        shape = _shape(column, file.marks, self._zone)
        if isinstance(source, Constant):
            try:
                to_stored(self._catalog, table, column, shape(source.read({})))
            except Invalid as invalid:
                raise bad_map(place, f"is a constant that cannot be: {invalid.message}") from None

        def read(record: Record) -> Any:
            return shape(source.read(record))

        return read

    def _reference(
        self,
        source: Lookup | Find,
        targets: tuple[str, ...],
        file: FileForm,
        place: str,
        finders: list[Finder],
    ) -> Callable[[Record], Target | None]:
        if isinstance(source, Lookup):
            section = self._sections.get(source.section)
            if section is None:
                raise bad_map(place, f"looks up {source.section!r}, which is no section of rows")
            if len(source.by) != len(section.key):
                raise bad_map(place, f"needs {len(section.key)} parts of a key in `by`")
            table = self.table(section.table, f"{section.place}.table")
            self._refuse_wrong_target(table, targets, place)
            return self._optional_key(table, section.name, source.by)
        table = self.table(source.table, f"{place}.table")
        self._refuse_wrong_target(table, targets, place)
        finder = Finder(
            self._catalog,
            table,
            {
                name: self._value(
                    table, _stored(table, name, f"{place}.where.{name}"), value, file, place
                )
                for name, value in source.where.items()
            },
        )
        finders.append(finder)
        return finder.read

    def _refuse_wrong_target(self, table: Table, targets: tuple[str, ...], place: str) -> None:
        if table.name not in targets:
            takes = " or ".join(targets) or "no rows"
            raise bad_map(place, f"refers to rows of {table.name}, but takes {takes}")

    def _optional_key(
        self, table: Table, section: str, parts: tuple[Source, ...]
    ) -> Callable[[Record], Target | None]:
        """As :meth:`_key`, but a line that names nothing refers to nothing."""
        needed = self._key(table, section, parts)

        def read(record: Record) -> Target | None:
            if all(text_of(part.read(record)) is None for part in parts):
                return None
            return needed(record)

        return read

    def _key(
        self, table: Table, section: str, parts: tuple[Source, ...]
    ) -> Callable[[Record], Target]:
        org = self._org

        def read(record: Record) -> Target:
            key = [text_of(part.read(record)) for part in parts]
            words = ", ".join(part or "nothing" for part in key)
            known = [part for part in key if part is not None]
            if len(known) < len(key):
                raise BadValue(f"its key in {section} is not complete: {words}")
            rec = row_id(org, table.name, section, known)
            return Target(table, rec, f"{words} of {section}")

        return read


def _writable(table: Table, name: str, place: str) -> Column:
    column = _stored(table, name, place)
    if column.readonly:
        raise bad_map(place, "is filled by the platform")
    return column


def _stored(table: Table, name: str, place: str) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise bad_map(place, f"is no column of {table.name}")
    if column.kind in (Kind.ID, Kind.VIRTUAL) or column.derived:
        raise bad_map(place, "is not stored in the row")
    return column


def _shape(column: Column, marks: Marks, zone: tzinfo) -> Callable[[Any], Any]:
    """From what a source reads to what an app would say for this column.

    Text that cannot be read as the column's kind goes on as it is: the rule of the column
    then refuses it in its own words.
    """
    if column.kind in _NUMBERS:
        return lambda value: _number(value, marks)
    if column.kind is Kind.DATE:
        return _day
    if column.kind is Kind.DATETIME:
        independent = column.dates == ZONE_INDEPENDENT
        return lambda value: _moment(value, None if independent else zone)
    return lambda value: text_of(value) if isinstance(value, Amount | date) else value


def _number(value: Any, marks: Marks) -> Any:
    found = value
    if isinstance(value, str):
        found = parse_amount(value, marks)
    return found.text if isinstance(found, Amount) else value


def _day(value: Any) -> Any:
    read = _date_in(value)
    return value if read is None else read.date().isoformat()


def _moment(value: Any, zone: tzinfo | None) -> Any:
    read = _date_in(value)
    if read is None:
        return value
    if zone is None:
        return read.replace(tzinfo=None).isoformat()
    if read.tzinfo is None:
        read = read.replace(tzinfo=zone)
    try:
        return read.astimezone(UTC).isoformat()
    except OverflowError:
        return value  # the first or last day of the calendar: refused as out of range


def _date_in(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return None
