"""A hub with a small schema, and authors whose changesets a test words op by op.

An author says on top of what it writes (``base``: the cursor it stood at, ``clock_ms``, declared
dependencies), so a test stages any order of seeing and writing without a device.  Columns,
groups and relationships are named below by the numbers that ops carry.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from satchel.hub.office import Office, Origin, Setup, State, read_origin, write_origin
from satchel.hub.outcomes import Outcome
from satchel.hub.push import Bundle, Pushed, push
from satchel.model import changeset as cs
from satchel.model import hlc
from satchel.model.changeset import Context, Entry, Op
from satchel.model.conflict import OPEN, ConflictKey, Record
from satchel.model.ids import Dot
from satchel.model.row import Row, Stamp, is_dead
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import Txn
from satchel.wire import chain as chains
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import encode_entry

NOW_MS = 1_700_000_000_000

FIRM, PERSON, NOTE, UNIT, CRATE, BARREL, BARE = range(1, 8)
"""Tables.  A person falls with its firm, a note with what it is about; a firm keeps its unit,
forgets its main person; crates and barrels fall with each other; bare rows need nothing."""

NAME = 1
CITY, STREET, OWNER, NOTES, PARENT, MAIN, IN_UNIT, BOSS, SIZE, ADDRESS = (
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    20,
)
"""Of a firm.  CITY and STREET form the group ADDRESS; OWNER is never merged silently."""
WORKS_AT, PHONE = 2, 3
"""Of a person."""
ABOUT = 2
"""Of a note."""
IN = 2
"""Of a crate (in a barrel) and of a barrel (in a crate)."""

KNOWS, TWINS = 40, 41
"""Links: firms know persons; persons have twins."""


def _text(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "kind": "string", "max_length": 2_000_000, **more}


def _lookup(number: int, *targets: str) -> dict[str, Any]:
    return {"number": number, "kind": "lookup", "targets": list(targets)}


def _table(name: str, number: int, columns: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name, "number": number, "label": name, "plural": name, "set": name,
        "id": name + "id", "ownership": "none", "columns": columns, **more,
    }  # fmt: skip


def _relation(number: int, table: str, column: str, target: str, delete: str) -> dict[str, Any]:
    return {
        "name": f"{table}_{column}_{target}", "number": number, "table": table,
        "column": column, "target": target, "delete": delete,
    }  # fmt: skip


def _tables() -> list[dict[str, Any]]:
    firm = {
        "name": _text(NAME, required=True),
        "city": _text(CITY, group="address"),
        "street": _text(STREET, group="address"),
        "owner": _text(OWNER, policy="reject"),
        "notes": {"number": NOTES, "kind": "memo", "max_length": 2_000_000},
        "parent": _lookup(PARENT, "firm"),
        "main": _lookup(MAIN, "person"),
        "unit": _lookup(IN_UNIT, "unit"),
        "boss": _lookup(BOSS, "person"),
        "size": {"number": SIZE, "kind": "integer", "min": 0, "max": 1_000_000},
    }
    return [
        _table("firm", FIRM, firm, groups={"address": ADDRESS}),
        _table(
            "person",
            PERSON,
            {
                "name": _text(NAME, required=True),
                "worksat": _lookup(WORKS_AT, "firm"),
                "phone": _text(PHONE),
            },
        ),
        _table("note", NOTE, {"name": _text(NAME), "about": _lookup(ABOUT, "firm", "person")}),
        _table("unit", UNIT, {"name": _text(NAME)}),
        _table("crate", CRATE, {"name": _text(NAME), "in": _lookup(IN, "barrel")}),
        _table("barrel", BARREL, {"name": _text(NAME), "in": _lookup(IN, "crate")}),
        _table("bare", BARE, {"name": _text(NAME), "phone": _text(PHONE)}),
    ]


def schema(version: int = 1) -> dict[str, Any]:
    """The document of the small schema."""
    return {
        "version": version,
        "tables": {table["name"]: table for table in _tables()},
        "relationships": [
            _relation(20, "firm", "parent", "firm", "remove_link"),
            _relation(21, "firm", "main", "person", "remove_link"),
            _relation(22, "firm", "unit", "unit", "restrict"),
            _relation(23, "firm", "boss", "person", "none"),
            _relation(24, "person", "worksat", "firm", "cascade"),
            _relation(25, "note", "about", "firm", "cascade"),
            _relation(26, "note", "about", "person", "cascade"),
            _relation(27, "crate", "in", "barrel", "cascade"),
            _relation(28, "barrel", "in", "crate", "cascade"),
        ],
        "links": [
            {"name": "knows", "number": KNOWS, "intersect": "knows", "left": "firm",
             "right": "person"},
            {"name": "twins", "number": TWINS, "intersect": "twins", "left": "person",
             "right": "person"},
        ],
        "next": {"table": 100, "relation": 100},
    }  # fmt: skip


def row_id(number: int) -> bytes:
    """A row id of the test's choice."""
    return number.to_bytes(16, "big")


class Case(NamedTuple):
    """A changeset as it is pushed, and its name."""

    dot: Dot
    body: bytes


class Court:
    """The hub's store and its judge; ``now_ms`` is its clock, moved by the test alone."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now_ms = NOW_MS
        self.setup = Setup(b"organisation 16b", "Contoso", b"hub own8", b"s" * 32, b"k" * 32)
        self.office = Office(self.setup)
        self._authors = 0
        store.write(self._found)

    def _found(self, txn: Txn) -> None:
        self.setup.write(txn)
        State(epoch=1, head=0, schema=1, next_origin=1).write(txn)
        txn.put(layout.SCH, layout.seq_key(1), pack(schema()))
        write_origin(txn, Origin.fresh(0, self.setup.replica, bytes(16), bytes(16)))

    def author(self, replica: bytes | None = None) -> Author:
        """A new replica.  The first is numbered 1; replica ids grow with the number."""
        self._authors += 1
        number = self._authors
        name = replica or b"author" + number.to_bytes(2, "big")

        def work(txn: Txn) -> None:
            write_origin(txn, Origin.fresh(number, name, row_id(900 + number), row_id(number)))
            State.read(txn)._replace(next_origin=number + 1).write(txn)

        self.store.write(work)
        return Author(self, number, name)

    def take(self, bundle: Bundle) -> Pushed:
        """Push a bundle."""
        return self.store.write(lambda txn: push(txn, self.office, bundle, self.now_ms))

    # -- what the hub has ----------------------------------------------------------------------

    @property
    def head(self) -> int:
        """The seq of the latest decision."""
        return self.store.read(State.read).head

    def row(self, table: int, number: int) -> Row | None:
        """A row as it is stored."""
        key = layout.hub_row_key(table, row_id(number))
        raw = self.store.read(lambda txn: txn.get(layout.ROW, key))
        return unpack(raw) if raw is not None else None

    def the_row(self, table: int, number: int) -> Row:
        """A row that must be there."""
        row = self.row(table, number)
        assert row is not None
        return row

    def alive(self, table: int, number: int) -> bool:
        """Whether a row is there and not dead."""
        row = self.row(table, number)
        return row is not None and not is_dead(row)

    def link(self, relation: int, left: int, right: int) -> tuple[list[Stamp], bool] | None:
        """(live adds, hidden) of a link, or None if nothing of it is stored."""
        key = layout.hub_lnk_key(relation, row_id(left), row_id(right))
        raw = self.store.read(lambda txn: txn.get(layout.LNK, key))
        if raw is None:
            return None
        _, stamps, hidden = unpack(raw)
        return stamps, bool(hidden)

    def linked(self, relation: int, left: int, right: int) -> bool:
        """Whether devices see a link."""
        state = self.link(relation, left, right)
        return state is not None and bool(state[0]) and not state[1]

    def records(self) -> dict[ConflictKey, Record]:
        """Every conflict record, closed ones included."""
        pairs = self.store.read(lambda txn: list(txn.scan(layout.CNF)))
        return {ConflictKey(*layout.parse_hub_cnf_key(key)): unpack(raw) for key, raw in pairs}

    def open_records(self) -> dict[ConflictKey, Record]:
        """The conflict records that nothing has closed."""
        return {key: record for key, record in self.records().items() if record[OPEN]}

    def dump(self, *dbs: str) -> dict[str, dict[bytes, bytes]]:
        """All bytes of these databases, or of all."""
        names = dbs or layout.HUB_DBS
        return self.store.read(lambda txn: {name: dict(txn.scan(name)) for name in names})


class Author:
    """A replica whose words the test chooses; counters and chain are kept as a device would."""

    def __init__(self, court: Court, number: int, replica: bytes) -> None:
        self.court = court
        self.number = number
        self.replica = replica
        self.ctr = 0
        self.chain = chains.CHAIN_START
        self._clock = 0

    def entry(
        self,
        *ops: Op,
        base: int | None = None,
        rows: int = 0,
        clock_ms: int | None = None,
        hard: tuple[Dot, ...] = (),
        foreign: Mapping[bytes, int] | None = None,
        epoch: int = 1,
        schema: int = 1,
        salt: int = 0,
    ) -> Entry:
        """A changeset.  ``base``: the cursor of its author, the head unless given;
        ``clock_ms``: relative to the hub's clock, just later than its last unless given."""
        if clock_ms is None:
            self._clock += 1
            clock = hlc.from_ms(self.court.now_ms) + self._clock
        else:
            clock = hlc.from_ms(self.court.now_ms + clock_ms)
        seen = self.court.head if base is None else base
        ctx = Context(epoch, seen, rows, dict(foreign or {}), None)
        return Entry(schema, clock, ctx, list(hard), list(ops), None, salt.to_bytes(16, "big"))

    def bundle(self, *bodies: bytes) -> Bundle:
        """The next bundle of these bodies; the author counts them as sent."""
        made = Bundle(self.replica, self.ctr + 1, self.chain, list(bodies))
        for body in bodies:
            self.ctr += 1
            digest = chains.body_hash(body)
            self.chain = chains.extend(self.chain, self.replica, self.ctr, digest)
        return made

    def say(self, *ops: Op, **how: Any) -> Outcome:
        """Push one changeset; its outcome."""
        return self.send(encode_entry(self.entry(*ops, **how)))

    def send(self, body: bytes) -> Outcome:
        """Push one body; its outcome."""
        pushed = self.court.take(self.bundle(body))
        assert len(pushed.outcomes) == 1, pushed
        return pushed.outcomes[0]

    def do(self, *ops: Op, **how: Any) -> int:
        """Push one changeset that must be accepted; its seq."""
        outcome = self.say(*ops, **how)
        assert outcome.code == 0, outcome
        return outcome.seq

    @property
    def dot(self) -> Dot:
        """The name of the changeset sent last."""
        return Dot(self.replica, self.ctr)

    def origin(self) -> Origin:
        """What the hub has of this replica."""
        found = self.court.store.read(lambda txn: read_origin(txn, self.replica))
        assert found is not None
        return found


# -- ops ---------------------------------------------------------------------------------------


def create(table: int, number: int, **values: Any) -> Op:
    """A row with these values, by their lower-case column names; it gets a name unless given."""
    named = {NAME: f"row {number}"} | {COLUMNS[table][name]: to for name, to in values.items()}
    return [cs.CREATE, table, row_id(number), dict(sorted(named.items()))]


def upsert(table: int, number: int, lone: dict[int, Any], groups: dict[int, Any]) -> Op:
    """An upsert of lone columns and whole groups."""
    return [cs.UPSERT, table, row_id(number), lone, groups]


def put(table: int, number: int, values: dict[int, Any]) -> Op:
    """Set lone columns."""
    return [cs.SET, table, row_id(number), values]


def address(number: int, city: str | None, street: str | None) -> Op:
    """Set the address of a firm: one group."""
    return [cs.GROUP, FIRM, row_id(number), ADDRESS, {CITY: city, STREET: street}]


def delete(table: int, number: int, life: int = 2) -> Op:
    """Delete: ``life`` is the length it leads to."""
    return [cs.DELETE, table, row_id(number), life]


def restore(table: int, number: int, life: int = 3) -> Op:
    """Restore: ``life`` is the length it leads to."""
    return [cs.RESTORE, table, row_id(number), life]


def link(relation: int, left: int, right: int) -> Op:
    """Add a link."""
    return [cs.LINK, relation, row_id(left), row_id(right)]


def unlink(relation: int, left: int, right: int, *dots: Dot) -> Op:
    """Remove these adds of a link."""
    return [cs.UNLINK, relation, row_id(left), row_id(right), [list(dot) for dot in dots]]


def to(table: int, number: int) -> list[Any]:
    """A lookup value."""
    return [table, row_id(number)]


COLUMNS = {
    FIRM: {
        "name": NAME, "city": CITY, "street": STREET, "owner": OWNER, "notes": NOTES,
        "parent": PARENT, "main": MAIN, "unit": IN_UNIT, "boss": BOSS, "size": SIZE,
    },
    PERSON: {"name": NAME, "works_at": WORKS_AT, "phone": PHONE},
    NOTE: {"name": NAME, "about": ABOUT},
    UNIT: {"name": NAME},
    CRATE: {"name": NAME, "inside": IN},
    BARREL: {"name": NAME, "inside": IN},
    BARE: {"name": NAME, "phone": PHONE},
}  # fmt: skip


@contextmanager
def new_court() -> Iterator[Court]:
    """A court in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    store = Store.open(folder / "hub", layout.HUB_DBS, sync=False)
    try:
        yield Court(store)
    finally:
        store.close()
        shutil.rmtree(folder)
