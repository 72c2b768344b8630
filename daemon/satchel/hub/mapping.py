r"""The map: how a folder of CSV files becomes rows.  Reads the TOML; knows no table and no data.

    format = 1
    edited = "keep"               # or "overwrite": what becomes of a value that differs from
                                  # the file because somebody has changed it since the import
    zone = "Europe/Berlin"        # of times without an offset; else "UTC" or "+01:00"

    [csv]                         # how all files are written; here with the defaults
    encoding = "utf-8"            # any that Python knows
    delimiter = ","
    quote = '"'
    header = []                   # names of the columns, if no file's first line has them
    null = [""]                   # what stands for nothing
    escapes = {}                  # such as { '\n' = "\n" }: replaced after `null` is looked for
    trim = false                  # take spaces off both ends
    decimal = "."
    grouping = ""                 # the mark between thousands

    [files."products.csv"]        # what one file has otherwise; keys as in [csv]
    delimiter = ";"

    [rows.customers]              # one section for each kind of row, in the order of loading;
    file = "customers.csv"        # several sections may read one file
    table = "account"
    key = ["customer_id"]         # its natural key: the row's id follows from it, so the same
                                  # file always makes the same rows (see map_binding.row_id)
    needs = ["contact_name"]      # lines where one of these is nothing are skipped
    when = { kind = ["C", "B"] }  # lines with another value are skipped

    [rows.customers.columns]      # column of the table = where its value comes from
    name = "company_name"         # a column of the file, or a table with more to say:
    industrycode = { from = "trade", values = { "1" = "Retail" }, default = "2" }
    firstname = { from = "contact", match = '(\S+) .*' }
    revenue = { from = "sales", round = 2 }
    foundedon = { from = "since", date = "%d.%m.%Y" }
    description = { template = "{trade}, {city}" }
    discount = { multiply = ["price", "quantity", { from = "off", round = 2 }], round = 2 }
    customertypecode = { value = "Customer" }
    primarycontactid = { lookup = "contacts", by = ["customer_id"] }
    ownerid = { table = "systemuser", where = { domainname = "agent" } }

    [links.teams]                 # N:N
    file = "members.csv"
    relationship = "teammembership_association"
    left = { lookup = "teams", by = ["team"] }
    right = { lookup = "employees", by = ["employee"] }

``lookup`` names another section of the map, ``table`` a row that is in the organisation
already.  A lookup to this section or a later one is set in a second pass, so rows may refer
to each other in circles.  ``match``: a regular expression over the whole text, whose first
group is taken.  Halves are rounded away from zero.  Dates need no ``date`` where they are
ISO 8601.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from satchel.hub.map_source_parser import parse_plain_source, parse_source
from satchel.hub.map_sources import AnySource, Find, Lookup, Marks, Record, Source
from satchel.hub.map_table import MapTable, bad_map

MAP_FORMAT: Final = 1


class FileForm(NamedTuple):
    """One file and how it is written."""

    path: str
    encoding: str
    delimiter: str
    quote: str
    header: tuple[str, ...]
    null: frozenset[str]
    escapes: Mapping[str, str]
    trim: bool
    marks: Marks


class Filter(NamedTuple):
    """Which lines a section takes: all of ``needs`` there, each of ``when`` among its texts."""

    needs: tuple[str, ...]
    when: Mapping[str, frozenset[str]]

    @property
    def uses(self) -> frozenset[str]:
        return frozenset((*self.needs, *self.when))

    def takes(self, record: Record) -> bool:
        """Whether the section wants this line."""
        return all(record[column] is not None for column in self.needs) and all(
            (record[column] or "") in texts for column, texts in self.when.items()
        )


class RowSection(NamedTuple):
    """Lines of a file that become rows of a table."""

    name: str
    file: FileForm
    table: str
    key: tuple[Source, ...]
    filter: Filter
    columns: Mapping[str, AnySource]

    @property
    def place(self) -> str:
        """Where in the map it stands."""
        return f"rows.{self.name}"

    @property
    def uses(self) -> frozenset[str]:
        """The columns of the file that it looks at."""
        sources: list[AnySource] = [*self.key, *self.columns.values()]
        return self.filter.uses.union(*(source.uses for source in sources))


class LinkSection(NamedTuple):
    """Lines of a file that become links of an N:N relationship."""

    name: str
    file: FileForm
    relationship: str
    filter: Filter
    left: Lookup | Find
    right: Lookup | Find

    @property
    def place(self) -> str:
        """Where in the map it stands."""
        return f"links.{self.name}"

    @property
    def uses(self) -> frozenset[str]:
        """The columns of the file that it looks at."""
        return self.filter.uses | self.left.uses | self.right.uses


Section = RowSection | LinkSection


class Map(NamedTuple):
    """A whole map, as far as it can be checked without the organisation's tables."""

    keep_edited: bool
    zone: tzinfo
    rows: tuple[RowSection, ...]
    links: tuple[LinkSection, ...]

    @property
    def sections(self) -> list[Section]:
        """All of them, in order."""
        return [*self.rows, *self.links]


def parse_map(raw: Mapping[str, Any]) -> Map:
    """Read a map from its TOML.  Raises Mistake BAD_MAP naming the key."""
    table = MapTable(raw, "")
    version = table.take("format")
    if version != MAP_FORMAT:
        raise bad_map("format", f"must be {MAP_FORMAT}, the one format this version knows")
    edited = table.text_or("edited", "keep")
    if edited not in ("keep", "overwrite"):
        raise bad_map("edited", 'must be "keep" or "overwrite"')
    zone = _zone(table.text_or("zone", "UTC"))
    common = MapTable(table.take("csv") or {}, "csv")
    defaults = _form("", common, FileForm("", "utf-8", ",", '"', (), frozenset(("",)), {}, False,
                                          Marks(".", "")))  # fmt: skip
    forms = {name: _form(name, one, defaults) for name, one in table.tables("files")}
    reader = _Reader(defaults, forms)
    rows = tuple(reader.rows(name, one) for name, one in table.tables("rows"))
    links = tuple(reader.links(name, one) for name, one in table.tables("links"))
    table.end()
    read = Map(edited == "keep", zone, rows, links)
    if not read.sections:
        raise bad_map("rows", "is missing: the map makes nothing of the files")
    for name in forms.keys() - {section.file.path for section in read.sections}:
        raise bad_map(f"files.{name}", "is read by no section")
    return read


def _zone(name: str) -> tzinfo:
    try:
        if name == "UTC":
            return UTC
        if name[:1] in ("+", "-"):
            offset = datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo
            assert offset is not None
            return offset
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        why = "must be UTC, an offset such as +01:00, or a zone this machine knows"
        raise bad_map("zone", why) from None


def _form(path: str, table: MapTable, defaults: FileForm) -> FileForm:
    encoding = table.text_or("encoding", defaults.encoding)
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise bad_map(table.at("encoding"), f"names {encoding!r}, which is no encoding") from None
    escapes = table.take("escapes")
    if escapes is None:
        escapes = defaults.escapes
    elif not isinstance(escapes, dict) or not all(
        written and isinstance(meant, str) for written, meant in escapes.items()
    ):
        raise bad_map(table.at("escapes"), "must be a table of texts")
    form = FileForm(
        path,
        encoding,
        _mark(table, "delimiter", defaults.delimiter),
        _mark(table, "quote", defaults.quote),
        table.texts_or("header", defaults.header),
        frozenset(table.texts_or("null", tuple(defaults.null))),
        escapes,
        table.flag_or("trim", defaults.trim),
        Marks(
            _mark(table, "decimal", defaults.marks.decimal),
            table.text_or("grouping", defaults.marks.grouping),
        ),
    )
    table.end()
    return form


def _mark(table: MapTable, key: str, default: str) -> str:
    mark = table.text_or(key, default)
    if len(mark) != 1 or mark in "\r\n":
        raise bad_map(table.at(key), "must be one character")
    return mark


class _Reader:
    """Reads sections, knowing how each file is written."""

    def __init__(self, defaults: FileForm, forms: Mapping[str, FileForm]) -> None:
        self._defaults = defaults
        self._forms = forms

    def rows(self, name: str, table: MapTable) -> RowSection:
        file = self._file(table)
        key = table.need("key")
        if not isinstance(key, list) or not key:
            raise bad_map(table.at("key"), "must be a list of columns")
        section = RowSection(
            name,
            file,
            table.text("table"),
            tuple(parse_plain_source(raw, table.at("key"), file.marks) for raw in key),
            _filter(table),
            {
                column: parse_source(raw, f"{table.at('columns')}.{column}", file.marks)
                for column, raw in MapTable(table.need("columns"), table.at("columns")).items()
            },
        )
        table.end()
        return section

    def links(self, name: str, table: MapTable) -> LinkSection:
        file = self._file(table)
        relationship = table.text("relationship")
        ends = []
        for side in ("left", "right"):
            end = parse_source(table.need(side), table.at(side), file.marks)
            if not isinstance(end, Lookup | Find):
                raise bad_map(table.at(side), "must be a lookup")
            ends.append(end)
        section = LinkSection(name, file, relationship, _filter(table), ends[0], ends[1])
        table.end()
        return section

    def _file(self, table: MapTable) -> FileForm:
        path = table.text("file")
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise bad_map(table.at("file"), "must lie in the folder that is imported")
        return self._forms.get(path) or self._defaults._replace(path=path)


def _filter(table: MapTable) -> Filter:
    when = {}
    for column, raw in MapTable(table.take("when") or {}, table.at("when")).items():
        texts = [raw] if isinstance(raw, str) else raw
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            raise bad_map(f"{table.at('when')}.{column}", "must be a text or a list of texts")
        when[column] = frozenset(texts)
    return Filter(table.texts_or("needs", ()), when)
