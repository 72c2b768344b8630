"""From an app's words to ops: everything that can be refused is refused here.

Owns the local rules (sync.md, architecture 5.5): the schema's, existence, restrict, cycles
of parents left to the hub, a person's read.  Works on staged rows, so a denied command
leaves nothing behind, and a later operation of one change sees the earlier ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from satchel.crdt import life, orset
from satchel.crdt.fold import Source, apply_row_op
from satchel.crdt.liveness import RowKey, marks
from satchel.crdt.seen import Author
from satchel.engine.moment import Moment, no_such_row
from satchel.engine.stance import Stance
from satchel.engine.version import Version
from satchel.engine.viewspace import LinkKey
from satchel.model import changeset as cs
from satchel.model.changeset import Op
from satchel.model.errors import Clash, Missing, Mistake, Unavailable
from satchel.model.ids import id_text, parse_id
from satchel.model.row import (
    CTR,
    GONE,
    LENGTH,
    LIFE,
    ORIGIN,
    RESTORED,
    STAMPS,
    UNDER,
    VALUES,
    Row,
    is_dead,
    is_stripped,
    stamp_of,
    visible_values,
)
from satchel.schema.references import RESTRICT
from satchel.schema.table import Table
from satchel.schema.validate import create_values, from_stored, update_values

MakeId = Callable[[], bytes]


class Planner:
    """Plans the operations of one change, one after the other."""

    def __init__(self, moment: Moment, stance: Stance, source: Source, make_id: MakeId) -> None:
        self.ops: list[Op] = []
        self.ids: list[str | None] = []
        self.rows: dict[RowKey, None] = {}
        self.links: dict[LinkKey, None] = {}
        self._moment = moment
        self._space = moment.space
        self._stance = stance
        self._source = source
        self._make_id = make_id

    def add(self, wish: Mapping[str, Any]) -> None:
        """Plan one operation, as the local API words it.  Raises model errors."""
        plan = self._PLANS.get(wish["do"])
        if plan is None:
            raise Mistake("BAD_REQUEST", f"There is no operation {wish['do']!r:.40}.")
        key = plan(self, wish)
        self.ids.append(id_text(key[1]) if key is not None else None)

    # -- rows -------------------------------------------------------------------------------

    def _create(self, wish: Mapping[str, Any]) -> RowKey:
        table, key = self._new_place(wish)
        if self._space.row(key) is not None:
            raise Clash(
                "DUP_ID",
                f"A {table.name} with the id {id_text(key[1])} exists or existed.",
                "Leave the id out, or update the row that has it.",
                {"table": table.name, "id": id_text(key[1])},
            )
        self._make(table, key, [cs.CREATE, *key, self._given(table, wish)])
        return key

    def _update(self, wish: Mapping[str, Any]) -> RowKey:
        table, key = self._moment.place(wish["table"], wish["id"])
        row = self._moment.living(table, key)
        registers = update_values(
            self._moment.catalog, table, wish["columns"], self._known(table, key, row)
        )
        if not registers:
            raise Mistake("BAD_REQUEST", "An update names at least one column.")
        if wish.get("version") is not None:
            self._check_read(table, key, row, registers, Version.parse(wish["version"]))
        self._write(key, registers)
        return key

    def _upsert(self, wish: Mapping[str, Any]) -> RowKey:
        table, key = self._moment.place(wish["table"], wish["id"])
        row = self._space.row(key)
        if row is None:
            values = self._given(table, wish)
            lone, groups = _by_register(table, values)
            self._make(table, key, [cs.UPSERT, *key, lone, groups])
            return key
        row = self._moment.living(table, key)
        registers = update_values(
            self._moment.catalog, table, wish["columns"], self._known(table, key, row)
        )
        lone = {n: one[n] for n, one in sorted(registers.items()) if n not in table.groups}
        groups = {n: dict(sorted(registers[n].items())) for n in registers if n in table.groups}
        self._check_targets(table, registers)
        self._apply(key, [cs.UPSERT, *key, lone, dict(sorted(groups.items()))])
        return key

    def _known(self, table: Table, key: RowKey, row: Row) -> Callable[[int], Any]:
        """The present value of a column, for the part of a group that a change leaves as it is.

        In a row brought back before its contents have come (sync.md 1.3) nothing is known but
        what was written since: the function then raises Unavailable RETRY_LATER.
        """
        values = visible_values(row)
        base = self._space.base(key)
        if base is None or not is_stripped(base):
            return values.get

        def known(number: int) -> Any:
            column = table.by_number[number]
            if column.register not in (row[STAMPS] or ()):
                raise Unavailable(
                    "RETRY_LATER",
                    f"The {table.name} {id_text(key[1])} is being brought back; {column.name} and "
                    "what belongs with it can be changed when its contents have come.",
                    "Synchronise first, with: satchel sync now",
                    {"table": table.name, "id": id_text(key[1]), "column": column.name},
                )
            return values.get(number)

        return known

    def _given(self, table: Table, wish: Mapping[str, Any]) -> dict[int, Any]:
        users = self._moment.catalog.table("systemuser")
        owner = (users.number, self._moment.replica.identity.user)
        values = create_values(self._moment.catalog, table, wish["columns"], owner)
        self._check_targets(table, {0: values})
        return dict(sorted(values.items()))

    def _make(self, table: Table, key: RowKey, op: Op) -> None:
        row = apply_row_op(None, op, self._source, [])
        assert row is not None
        self._space.set_row(key, row)
        self._note(key, op)

    def _write(self, key: RowKey, registers: dict[int, dict[int, Any]]) -> None:
        table = self._moment.catalog.table_number(key[0])
        assert table is not None
        self._check_targets(table, registers)
        lone: dict[int, Any] = {}
        for register in sorted(registers):
            if register in table.groups:
                values = dict(sorted(registers[register].items()))
                self._apply(key, [cs.GROUP, *key, register, values])
            else:
                lone[register] = registers[register][register]
        if lone:
            self._apply(key, [cs.SET, *key, lone])

    def _apply(self, key: RowKey, op: Op) -> None:
        self._stance.stand_on(self._space.before(key), upsert=op[0] == cs.UPSERT)
        apply_row_op(self._edited(key), op, self._source, [])
        self._note(key, op)

    def _note(self, key: RowKey, op: Op) -> None:
        self.ops.append(op)
        self.rows[key] = None
        if op[0] not in (cs.DELETE, cs.RESTORE):
            self._remark(key, op)

    def _remark(self, key: RowKey, op: Op) -> None:
        """What a lookup just set says of the row (sync.md 1.4): nothing else can change it."""
        lookups = self._moment.references.columns(key[0])
        given = [op[4]] if op[0] == cs.GROUP else [op[3]]
        if op[0] == cs.UPSERT:
            given += op[4].values()
        row = self._space.row(key)
        if row is None or all(lookups.isdisjoint(values) for values in given):
            return
        self._space.refers(key)
        under, gone = marks(self._space, key, row)
        if (under, gone) != (row[UNDER], row[GONE]):
            self._space.mark(key, under, gone)

    def _new_place(self, wish: Mapping[str, Any]) -> tuple[Table, RowKey]:
        if wish.get("id") is not None:
            return self._moment.place(wish["table"], wish["id"])
        table = self._moment.catalog.table(wish["table"])
        return table, (table.number, self._make_id())

    # -- life -------------------------------------------------------------------------------

    def _delete(self, wish: Mapping[str, Any]) -> RowKey:
        table, key = self._moment.place(wish["table"], wish["id"])
        row = self._moment.living(table, key)
        if wish.get("version") is not None:
            self._stance.as_read(Version.parse(wish["version"]))
        self._lead(key, cs.DELETE, row[LIFE][LENGTH] + 1)
        self._check_restrict(table, key, self._space.carry(key))
        return key

    def _restore(self, wish: Mapping[str, Any]) -> RowKey:
        table, key = self._moment.place(wish["table"], wish["id"])
        row = self._space.row(key)
        if row is None:
            raise no_such_row(table, key)
        if row[LIFE][LENGTH] % 2 == 1:
            above = " It is hidden by a row above it; restore that one." if row[UNDER] else ""
            raise Clash("CONFLICT", f"The {table.name} {id_text(key[1])} was not deleted.{above}")
        self._lead(key, cs.RESTORE, row[LIFE][LENGTH] + 1)
        self._space.carry(key)
        return key

    def _lead(self, key: RowKey, op: int, length: int) -> None:
        self._stance.stand_on(self._space.before(key), life=True)
        life.change(self._edited(key), length, self._source.stamp)
        self._note(key, [op, *key, length])

    def _edited(self, key: RowKey) -> Row:
        row = self._space.edit(key)
        assert row is not None
        return row

    def _check_restrict(self, table: Table, deleted: RowKey, died: list[RowKey]) -> None:
        """Neither the row nor what falls with it may be held by a living row."""
        for key in died:
            for holder, behaviour in self._space.references_to(key):
                row = self._space.row(holder)
                if behaviour == RESTRICT and row is not None and not is_dead(row):
                    by = self._moment.catalog.table_number(holder[0])
                    name = by.name if by is not None else "row"
                    raise Clash(
                        "RESTRICT",
                        f"The {table.name} {id_text(deleted[1])} cannot be deleted: the {name} "
                        f"{id_text(holder[1])} refers to it.",
                        "Point that row elsewhere or delete it first.",
                        {"table": table.name, "id": id_text(deleted[1]), "row": id_text(holder[1])},
                    )

    # -- links ------------------------------------------------------------------------------

    def _link(self, wish: Mapping[str, Any]) -> None:
        key = self._link_key(wish)
        for table, end in self._ends(key):
            self._moment.living(table, end)
            self._stance.stand_on(self._space.before(end))
        stamps = self._space.link(key)
        if self._source.stamp in stamps:
            return  # linked by this very change
        self._stance.stand_on_stamps(self._space.link_before(key))
        self._space.set_link(key, orset.add(stamps, self._source.stamp, self._source.author))
        self._note_link(key, [cs.LINK, *key])

    def _unlink(self, wish: Mapping[str, Any]) -> None:
        key = self._link_key(wish)
        stamps = self._space.link(key)
        if not stamps:
            raise Missing(
                "NO_SUCH_ROW",
                f"{wish['left']} and {wish['right']} are not linked by {wish['relationship']}.",
                f"See its links with: satchel link {wish['relationship']} {wish['left']} --list",
            )
        for _, end in self._ends(key):
            self._stance.stand_on(self._space.before(end))
        self._stance.stand_on_stamps(self._space.link_before(key))
        dots = [[self._source.replica_of(stamp[ORIGIN]), stamp[CTR]] for stamp in stamps]
        self._space.set_link(key, [])
        self._note_link(key, [cs.UNLINK, *key, dots])

    def _link_key(self, wish: Mapping[str, Any]) -> LinkKey:
        link = self._moment.catalog.link(wish["relationship"])
        left, right = parse_id(wish["left"]), parse_id(wish["right"])
        if left is None or right is None:
            raise Mistake("BAD_REQUEST", "The two ends of a link are given by their row ids.")
        return link.number, left, right

    def _ends(self, key: LinkKey) -> list[tuple[Table, RowKey]]:
        link = self._moment.catalog.link_number(key[0])
        assert link is not None
        catalog = self._moment.catalog
        return [
            (catalog.table(link.left), (link.left_number, key[1])),
            (catalog.table(link.right), (link.right_number, key[2])),
        ]

    def _note_link(self, key: LinkKey, op: Op) -> None:
        self.ops.append(op)
        self.links[key] = None

    # -- what must be there, and what must not have changed ------------------------------------

    def _check_targets(self, table: Table, registers: Mapping[int, Mapping[int, Any]]) -> None:
        """Full copy: a lookup to a row that is not here is refused at once (sync.md 1.4)."""
        for values in registers.values():
            for number, value in values.items():
                column = table.by_number.get(number)
                if (
                    value is None
                    or column is None
                    or not column.targets
                    or value.__class__ is not list
                ):
                    continue
                target = (value[0], value[1])
                row = self._space.row(target)
                if row is None or is_dead(row):
                    of = self._moment.catalog.table_number(value[0])
                    name = of.name if of is not None else str(value[0])
                    raise Missing(
                        "NO_SUCH_ROW" if row is None else "TARGET_GONE",
                        f"{table.name}.{column.name} names the {name} {id_text(value[1])}, which "
                        + ("is not here." if row is None else "was deleted."),
                        "",
                        {"table": table.name, "column": column.name, "id": id_text(value[1])},
                    )
                self._stance.stand_on(self._space.before(target))

    def _check_read(
        self,
        table: Table,
        key: RowKey,
        row: Row,
        registers: Mapping[int, Mapping[int, Any]],
        version: Version,
    ) -> None:
        """Refuse to set a column that has changed since the person looked (sync.md 1.2)."""
        reader: Author = version.author(self._source.author.origin)
        clashes: dict[str, Any] = {}
        for register, values in registers.items():
            if reader.seen(stamp_of(row, register), row[LIFE][RESTORED]):
                continue
            for number, yours in values.items():
                column = table.by_number[number]
                theirs = row[VALUES].get(number)
                if theirs != yours:
                    clashes[column.name] = {
                        "yours": from_stored(self._moment.catalog, table, column, yours),
                        "theirs": from_stored(self._moment.catalog, table, column, theirs),
                    }
        if clashes:
            name, both = next(iter(clashes.items()))
            raise Clash(
                "CONFLICT",
                f"{table.name}.{name} has changed since it was read: it is {both['theirs']!r}, "
                f"you wrote {both['yours']!r}.",
                "Read the row again and decide.",
                {"table": table.name, "id": id_text(key[1]), "columns": clashes},
            )

    _PLANS: ClassVar[Mapping[str, Callable[[Planner, Mapping[str, Any]], RowKey | None]]] = {
        "create": _create,
        "update": _update,
        "upsert": _upsert,
        "delete": _delete,
        "restore": _restore,
        "link": _link,
        "unlink": _unlink,
    }


def _by_register(
    table: Table, values: Mapping[int, Any]
) -> tuple[dict[int, Any], dict[int, dict[int, Any]]]:
    """Values of a new row as lone columns and whole groups, both ascending."""
    grouped = {number: group for group, members in table.groups.items() for number in members}
    lone = {number: value for number, value in sorted(values.items()) if number not in grouped}
    groups = {
        group: {number: values.get(number) for number in members}
        for group, members in sorted(table.groups.items())
        if any(number in values for number in members)
    }
    return lone, groups
