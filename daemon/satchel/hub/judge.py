"""The verdict on one changeset: what it does, or why it does nothing.

Owns the rules that only the hub can hold: whether a row is known and alive, whether a
lookup's target is, restrict, cascade bounds, cycles, what an unseen value costs.  Works on
a :class:`~satchel.hub.workspace.Workspace`, so it decides everything before anything is
written.  It must not know counters, chains or storage.

A verdict depends on the changeset, the organisation's rows and the hub's clock (for the
clamp) alone; it is stored and never computed again (sync.md L1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.crdt import life, orset
from satchel.crdt.fold import Source, apply_row_op
from satchel.crdt.liveness import RowKey, marks, settle
from satchel.crdt.register import Loss
from satchel.hub import burial
from satchel.hub.refusal import Refusal
from satchel.hub.workspace import Workspace
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.changeset import Entry, Op
from satchel.model.conflict import ConflictKind, make_record
from satchel.model.ids import Dot, id_text
from satchel.model.kinds import Policy
from satchel.model.outcome import Code
from satchel.model.row import GONE, LENGTH, LIFE, RESTORED, UNDER, VALUES, Row, is_dead, stamp_of
from satchel.schema.references import RESTRICT
from satchel.schema.relationship import LinkType
from satchel.schema.table import Table
from satchel.schema.validate import check_create, check_registers

RefusedCreate = Callable[[bytes], Dot | None]
"""From a row id to the refused changeset that would have created it, if there is one."""


class Judge:
    """Judges the ops of one changeset in order, on one workspace."""

    def __init__(
        self, space: Workspace, entry: Entry, source: Source, refused_create: RefusedCreate
    ) -> None:
        self._space = space
        self._entry = entry
        self._source = source
        self._author = source.author
        self._refused_create = refused_create
        self._new_lookups: list[tuple[RowKey, int, Any]] = []
        self._looked: dict[RowKey, None] = {}
        self._flipped: list[RowKey] = []

    def run(self) -> None:
        """Stage all effects.  Raises :class:`Refusal`, or Invalid for a rule of the schema."""
        judges = {
            cs.CREATE: self._create,
            cs.SET: self._set,
            cs.GROUP: self._group,
            cs.DELETE: self._delete,
            cs.RESTORE: self._restore,
            cs.LINK: self._link,
            cs.UNLINK: self._unlink,
            cs.UPSERT: self._upsert,
        }
        for op in self._entry.ops:
            judges[op[0]](op)
        self._settle()
        self._check_lookups()

    # -- rows ----------------------------------------------------------------------------------

    def _create(self, op: Op) -> None:
        table, key = self._place(op)
        if self._space.row(key) is not None:
            raise Refusal(
                Code.DUP_ID, f"A {table.name} with the id {id_text(key[1])} exists or existed."
            )
        check_create(self._space.catalog, table, op[3])
        self._make(key, op, op[3])

    def _set(self, op: Op) -> None:
        table, key = self._place(op)
        row = self._alive(table, key)
        self._write(table, key, row, op, {column: {column: op[3][column]} for column in op[3]})

    def _group(self, op: Op) -> None:
        table, key = self._place(op)
        row = self._alive(table, key)
        self._write(table, key, row, op, {op[3]: op[4]})

    def _upsert(self, op: Op) -> None:
        table, key = self._place(op)
        if self._space.row(key) is None:
            values = dict(op[3])
            for group in op[4].values():
                values.update(group)
            check_create(self._space.catalog, table, values)
            self._make(key, op, values)
        else:
            row = self._alive(table, key)
            registers = {column: {column: op[3][column]} for column in op[3]} | op[4]
            self._write(table, key, row, op, registers)

    def _make(self, key: RowKey, op: Op, values: dict[int, Any]) -> None:
        row = apply_row_op(None, op, self._source, [])
        assert row is not None
        self._space.add(key, row)
        self._note_lookups(key, values)

    def _write(
        self, table: Table, key: RowKey, row: Row, op: Op, registers: dict[int, dict[int, Any]]
    ) -> None:
        check_registers(self._space.catalog, table, registers)
        for register in registers:
            if table.policies.get(register) is Policy.REJECT:
                self._refuse_unseen(table, key, row, register)
        staged = self._space.edit(key)
        losses: list[Loss] = []
        apply_row_op(staged, op, self._source, losses)
        for loss in losses:
            record = make_record(
                self._space.seq, ConflictKind.LOST, loss.values, loss.stamp, loss.winner
            )
            self._space.file(key, loss.register, record)
        for register, values in registers.items():
            self._space.close_records(key, register, self._author.base_seq)
            self._note_lookups(key, values)

    def _refuse_unseen(self, table: Table, key: RowKey, row: Row, register: int) -> None:
        if not self._author.seen(stamp_of(row, register), row[LIFE][RESTORED]):
            column = table.by_number[register].name if register in table.by_number else "group"
            raise Refusal(
                Code.CONFLICT,
                f"{table.name}.{column} was changed by someone else meanwhile "
                "and is never merged silently.",
                {"table": table.name, "column": column, "row": id_text(key[1])},
            )

    # -- life ------------------------------------------------------------------------------------

    def _delete(self, op: Op) -> None:
        table, key = self._place(op)
        row = self._known(table, key)
        was_dead = is_dead(row)
        if self._change_life(table, key, row, op) and not was_dead:
            self._flipped.append(key)

    def _restore(self, op: Op) -> None:
        table, key = self._place(op)
        if self._change_life(table, key, self._known(table, key), op):
            row = self._edit(key)
            life.mark_restored(row, self._space.seq)
            if not is_dead(row):
                self._flipped.append(key)

    def _change_life(self, table: Table, key: RowKey, row: Row, op: Op) -> bool:
        """Lead the life on; False if somebody's equal wish has already done it."""
        if row[LIFE][LENGTH] == op[3]:
            return False
        if life.change(self._edit(key), op[3], self._source.stamp) is life.Step.OVERTAKEN:
            raise Refusal(
                Code.CONFLICT,
                f"The {table.name} {id_text(key[1])} was deleted or restored by someone else "
                "meanwhile.",
            )
        return True

    def _settle(self) -> None:
        """Carry lives down, then answer for what a delete took unseen (sync.md 1.3)."""
        for key in self._looked:
            self._remark(key)
        if not self._flipped:
            return
        settle(self._space, self._flipped)
        died = [key for key in self._space.touched() if self._died(key)]
        if len(died) > limits.CASCADE_ROWS_MAX:
            raise Refusal(
                Code.TOO_BIG, f"This delete reaches more than {limits.CASCADE_ROWS_MAX} rows."
            )
        for key in died:
            self._check_restrict(key)
        for key in died:
            burial.bury(self._space, key, self._source)
        burial.rehide_links(self._space, self._flipped_rows())

    def _remark(self, key: RowKey) -> None:
        """A lookup that moved away from a dead row no longer reads as null."""
        row = self._space.row(key)
        if row is not None:
            under, gone = marks(self._space, key, row)
            if (under, gone) != (row[UNDER], row[GONE]):
                self._space.mark(key, under, gone)

    def _died(self, key: RowKey) -> bool:
        before, after = self._space.before(key), self._space.row(key)
        return after is not None and is_dead(after) and before is not None and not is_dead(before)

    def _flipped_rows(self) -> list[RowKey]:
        flipped = []
        for key in self._space.touched():
            before, after = self._space.before(key), self._space.row(key)
            was = before is not None and not is_dead(before)
            if after is not None and was != (not is_dead(after)):
                flipped.append(key)
        return flipped

    def _check_restrict(self, key: RowKey) -> None:
        holders = []
        for holder, behaviour in self._space.references_to(key):
            row = self._space.row(holder)
            if behaviour == RESTRICT and row is not None and not is_dead(row):
                holders.append(holder)
        if holders:
            table = self._space.catalog.table_number(holders[0][0])
            name = table.name if table is not None else "row"
            raise Refusal(
                Code.RESTRICT,
                f"{len(holders)} row(s) still refer to it, for example the {name} "
                f"{id_text(holders[0][1])}.",
                {"count": len(holders), "rows": [id_text(at[1]) for at in holders[:3]]},
            )

    # -- links -------------------------------------------------------------------------------------

    def _link(self, op: Op) -> None:
        link = self._link_type(op)
        key = (link.number, op[2], op[3])
        for end in self._space.ends(key):
            self._target_alive(end)
        state = self._space.edit_link(key)
        state.stamps = orset.add(state.stamps, self._source.stamp, self._author)

    def _unlink(self, op: Op) -> None:
        link = self._link_type(op)
        state = self._space.edit_link((link.number, op[2], op[3]))
        state.stamps = orset.remove(state.stamps, op[4], self._source.replica_of)

    def _link_type(self, op: Op) -> LinkType:
        link = self._space.catalog.link_number(op[1])
        if link is None:
            raise Refusal(Code.INVALID, f"There is no N:N relationship number {op[1]}.")
        return link

    # -- what must be there ---------------------------------------------------------------------------

    def _place(self, op: Op) -> tuple[Table, RowKey]:
        table = self._space.catalog.table_number(op[1])
        if table is None:
            raise Refusal(Code.INVALID, f"There is no table number {op[1]}.")
        return table, (table.number, op[2])

    def _edit(self, key: RowKey) -> Row:
        row = self._space.edit(key)
        assert row is not None
        return row

    def _known(self, table: Table, key: RowKey) -> Row:
        row = self._space.row(key)
        if row is None:
            self._blame(key, Code.GONE, f"The {table.name} {id_text(key[1])} is not known here.")
        assert row is not None
        return row

    def _alive(self, table: Table, key: RowKey) -> Row:
        row = self._known(table, key)
        if is_dead(row):
            raise Refusal(
                Code.GONE,
                f"The {table.name} {id_text(key[1])} was deleted meanwhile.",
                {"table": table.name, "row": id_text(key[1]), "life": row[LIFE][LENGTH]},
            )
        return row

    def _blame(self, key: RowKey, code: Code, message: str) -> None:
        """Refuse for an unknown row: DEP if its create was refused, else ``code``."""
        cause = self._refused_create(key[1])
        if cause is not None:
            raise Refusal.dependent(cause)
        raise Refusal(code, message)

    def _target_alive(self, key: RowKey) -> None:
        row = self._space.row(key)
        table = self._space.catalog.table_number(key[0])
        name = table.name if table is not None else str(key[0])
        if row is None:
            self._blame(
                key, Code.TARGET_GONE, f"The {name} {id_text(key[1])} it refers to is not known."
            )
        elif is_dead(row):
            raise Refusal(
                Code.TARGET_GONE, f"The {name} {id_text(key[1])} it refers to was deleted."
            )

    def _note_lookups(self, key: RowKey, values: dict[int, Any]) -> None:
        for column, value in values.items():
            if isinstance(value, list) and len(value) == 2 and isinstance(value[1], bytes):
                self._new_lookups.append((key, column, value))
            if column in self._lookup_columns(key[0]):
                self._looked[key] = None
                self._space.refers(key)

    def _lookup_columns(self, table: int) -> frozenset[int]:
        return self._space.references.columns(table)

    def _check_lookups(self) -> None:
        """Targets are looked for last: the same changeset may have created them."""
        for key, column, value in self._new_lookups:
            target = (value[0], value[1])
            self._target_alive(target)
            if value[0] == key[0]:
                self._refuse_cycle(key, column)

    def _refuse_cycle(self, key: RowKey, column: int) -> None:
        """A chain of parents through one self-referring lookup must end."""
        at, steps = key, 0
        while steps <= limits.HIERARCHY_DEPTH_MAX:
            row = self._space.row(at)
            value = row[VALUES].get(column) if row is not None else None
            if value is None or value[0] != key[0]:
                return
            at = (value[0], value[1])
            steps += 1
            if at == key:
                break
        raise Refusal(Code.CONFLICT, "This parent would make the row its own ancestor.")
