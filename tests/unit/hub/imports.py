"""An organisation in a temporary store, a folder of files, and a colleague who edits."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from satchel.hub.desk import Desk
from satchel.hub.found import FirstIds, found
from satchel.hub.importing import Outside, run_import
from satchel.hub.mapping import parse_map
from satchel.hub.office import Origin, Setup, State, read_origin, write_origin
from satchel.hub.push import Bundle, push
from satchel.model import changeset as cs
from satchel.model import hlc
from satchel.model.changeset import Context, Entry, Op
from satchel.model.outcome import ACCEPTED
from satchel.model.row import VALUES, Row, is_dead
from satchel.schema.catalog import Catalog
from satchel.schema.validate import create_values, from_stored, update_values
from satchel.shell.import_files import CsvFolder
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import Txn
from satchel.wire.codec import sorted_map, unpack
from satchel.wire.entry import encode_entry

ORG = b"organisation 16b"
SYSTEM_USER = b"system user  16b"
UNIT = b"root unit    16b"
COLLEAGUE = b"replica8"
NOW_MS = 1_700_000_000_000


class Hub:
    """The store of one organisation, and the folder that is imported into it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        setup = Setup(ORG, "Contoso", b"hub own8", b"s" * 32, b"k" * 32)
        ids = FirstIds(UNIT, b"currency     16b", SYSTEM_USER)
        store.write(lambda txn: found(txn, setup, ids, NOW_MS, bytes(16)))
        store.write(_admit_colleague)
        self.desk = Desk(store)
        self.office = self.desk.office
        self.catalog: Catalog = store.read(lambda txn: self.office.schema(txn, 1)[0])

    def put(self, name: str, content: str, encoding: str = "utf-8") -> None:
        """Write a file of the folder, over an older one."""
        (self.folder / name).write_bytes(content.encode(encoding))

    def load(self, map_text: str) -> dict[str, Any]:
        """Import the folder; the finished report."""
        outside = Outside(lambda: NOW_MS, bytes)
        read = parse_map(tomllib.loads(map_text))
        reports = run_import(self.desk, read, CsvFolder(self.folder), outside)
        *_, last = reports
        return last.to_wire()

    def rows(self, table_name: str) -> dict[bytes, dict[str, Any]]:
        """The living rows of a table as an app reads them, by id."""
        return {
            rec: self._shown(table_name, row)
            for rec, row in self.stored(table_name).items()
            if not is_dead(row)
        }

    def stored(self, table_name: str) -> dict[bytes, Row]:
        """All rows of a table as they lie in the store, by id."""
        prefix = layout.hub_row_key(self.catalog.table(table_name).number, b"")
        pairs = self.store.read(lambda txn: list(txn.prefix(layout.ROW, prefix)))
        return {layout.parse_hub_row_key(key)[1]: unpack(raw) for key, raw in pairs}

    def named(self, table_name: str, **wanted: Any) -> dict[str, Any]:
        """The one living row with these values, its ``id`` among them."""
        found = [
            {"id": rec, **row}
            for rec, row in self.rows(table_name).items()
            if all(row.get(column) == value for column, value in wanted.items())
        ]
        assert len(found) == 1, (table_name, wanted, found)
        return found[0]

    def links(self, relationship: str) -> dict[tuple[bytes, bytes], bool]:
        """The links ever made, by their ends, and whether each is there."""
        number = self.catalog.link(relationship).number
        prefix = layout.hub_lnk_key(number, b"", b"")
        pairs = self.store.read(lambda txn: list(txn.prefix(layout.LNK, prefix)))
        found = {layout.parse_hub_lnk_key(key)[1:]: bool(unpack(raw)[1]) for key, raw in pairs}
        return {(left, right): there for (left, right), there in found.items()}

    def everything(self) -> list[tuple[str, bytes, bytes]]:
        """The whole store, to be compared."""
        return self.store.read(
            lambda txn: [(db, *pair) for db in layout.HUB_DBS for pair in txn.scan(db)]
        )

    # -- a colleague with a device -------------------------------------------------------------

    def edit(self, table_name: str, rec: bytes, **columns: Any) -> None:
        """Somebody's device changes a row, knowing all there is."""
        table = self.catalog.table(table_name)
        values = self.stored(table_name)[rec][VALUES]
        ops: list[Op] = []
        for register, given in update_values(self.catalog, table, columns, values.get).items():
            if register in table.groups:
                ops.append([cs.GROUP, table.number, rec, register, sorted_map(given)])
            else:
                ops.append([cs.SET, table.number, rec, given])
        self.push(ops)

    def create(self, table_name: str, rec: bytes, **columns: Any) -> None:
        """Somebody's device makes a row."""
        table = self.catalog.table(table_name)
        owner = (self.catalog.number_of("systemuser"), SYSTEM_USER)
        values = create_values(self.catalog, table, columns, owner)
        self.push([[cs.CREATE, table.number, rec, sorted_map(values)]])

    def delete(self, table_name: str, rec: bytes) -> None:
        """Somebody's device deletes a row."""
        self.push([[cs.DELETE, self.catalog.table(table_name).number, rec, 2]])

    def unlink(self, relationship: str, left: bytes, right: bytes) -> None:
        """Somebody's device takes away a link that the hub made."""
        number = self.catalog.link(relationship).number
        raw = self.store.read(
            lambda txn: txn.get(layout.LNK, layout.hub_lnk_key(number, left, right))
        )
        assert raw is not None
        dots = [[self.office.setup.replica, stamp[2]] for stamp in unpack(raw)[1]]
        self.push([[cs.UNLINK, number, left, right, dots]])

    def push(self, ops: list[Op]) -> None:
        """The colleague's next changeset, which must be taken."""
        outcomes = self.store.write(lambda txn: self._push(txn, ops))
        assert all(outcome.code in ACCEPTED for outcome in outcomes), outcomes

    def _push(self, txn: Txn, ops: list[Op]) -> list[Any]:
        state, origin = State.read(txn), read_origin(txn, COLLEAGUE)
        assert origin is not None
        ctx = Context(state.epoch, state.head, state.head, {}, None)
        entry = Entry(state.schema, hlc.from_ms(NOW_MS), ctx, [], ops, None, bytes(16))
        bundle = Bundle(COLLEAGUE, origin.processed + 1, origin.chain, [encode_entry(entry)])
        return list(push(txn, self.office, bundle, NOW_MS).outcomes)

    def _shown(self, table_name: str, row: Row) -> dict[str, Any]:
        table = self.catalog.table(table_name)
        shown: Mapping[int, Any] = row[VALUES]
        return {
            table.by_number[number].name: from_stored(
                self.catalog, table, table.by_number[number], value
            )
            for number, value in shown.items()
        }


def _admit_colleague(txn: Txn) -> None:
    state = State.read(txn)
    write_origin(txn, Origin.fresh(state.next_origin, COLLEAGUE, SYSTEM_USER, b"a device     16b"))
    state._replace(next_origin=state.next_origin + 1).write(txn)


@contextmanager
def open_hub(folder: Path) -> Iterator[Hub]:
    """A founded hub whose store and import folder lie in ``folder``."""
    files = folder / "files"
    files.mkdir()
    store = Store.open(folder / "store", layout.HUB_DBS, sync=False)
    try:
        yield Hub(store, files)
    finally:
        store.close()
