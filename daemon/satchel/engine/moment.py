"""What one transaction of a device stands on: its state, schema and view, read together."""

from __future__ import annotations

from satchel.crdt.liveness import RowKey
from satchel.engine.replica import Replica, loading, read_state
from satchel.engine.viewspace import ViewSpace
from satchel.model.errors import Invalid, Missing
from satchel.model.ids import id_text, parse_id
from satchel.model.row import Row, is_dead
from satchel.schema.table import Table
from satchel.store.txn import ReadTxn


class Moment:
    """One transaction's view of a replica.  Lives as long as the transaction.

    Raises Unavailable LOADING when made before the first download has ended.
    """

    __slots__ = ("catalog", "references", "replica", "space", "state", "txn")

    def __init__(self, txn: ReadTxn, replica: Replica) -> None:
        self.txn = txn
        self.replica = replica
        self.state = read_state(txn)
        if self.state.generation == 0:
            raise loading()
        self.catalog, self.references = replica.schema(txn, self.state.schema)
        self.space = ViewSpace(txn, self.references, self.state.generation)

    def replica_of(self, number: int) -> bytes:
        """The replica id behind an origin number."""
        return self.replica.replica_of(self.txn, number)

    def user_of(self, number: int) -> bytes:
        """The user id behind an origin number."""
        return self.replica.user_of(self.txn, number)

    def place(self, table_name: str, id_given: str) -> tuple[Table, RowKey]:
        """The table and key that an app's words mean.  Raises Invalid."""
        table = self.catalog.table(table_name)
        rec = parse_id(id_given) if isinstance(id_given, str) else None
        if rec is None:
            raise Invalid(
                "WRONG_TYPE",
                f"In {table.name}, {id_given!r:.80} is not the id of a row.",
                "An id looks like 0190a5c4-7d20-7e31-9c51-0a1b2c3d4e5f.",
                {"table": table.name, "column": table.id_column, "rule": "uuid"},
            )
        return table, (table.number, rec)

    def living(self, table: Table, key: RowKey) -> Row:
        """The visible row.  Raises Missing NO_SUCH_ROW or GONE."""
        row = self.space.row(key)
        if row is None:
            raise no_such_row(table, key)
        if is_dead(row):
            raise Missing(
                "GONE",
                f"The {table.name} {id_text(key[1])} was deleted.",
                f"Bring it back with: satchel restore {table.name} {id_text(key[1])}",
                {"table": table.name, "id": id_text(key[1])},
            )
        return row


def no_such_row(table: Table, key: RowKey) -> Missing:
    """The answer for a row that is not here and never was."""
    return Missing(
        "NO_SUCH_ROW",
        f"There is no {table.name} {id_text(key[1])}.",
        f"List what there is with: satchel list {table.name}",
        {"table": table.name, "id": id_text(key[1])},
    )
