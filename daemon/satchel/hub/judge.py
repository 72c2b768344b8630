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
from itertools import islice
from typing import Any

from satchel.crdt import life, orset
from satchel.crdt.fold import Source, apply_row_op
from satchel.crdt.liveness import RowKey, marks, settle
from satchel.crdt.register import Loss, never_written
from satchel.hub import burial
from satchel.hub.refusal import Refusal
from satchel.hub.workspace import LinkKey, Workspace
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.changeset import Entry, Op
from satchel.model.conflict import (
    LINK,
    LINK_REGISTER,
    ConflictKey,
    ConflictKind,
    Record,
    make_record,
)
from satchel.model.ids import Dot, id_text
from satchel.model.kinds import Policy
from satchel.model.outcome import Code
from satchel.model.row import GONE, LENGTH, LIFE, RESTORED, UNDER, VALUES, Row, is_dead, stamp_of
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
        self._deleted: list[RowKey] = []
        self._lives_changed = False

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
        if self._lives_changed:
            self._answer_for_lives()
        burial.rehide_links(self._space, self._space.touched_links())
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
        registers = {column: {column: op[3][column]} for column in op[3]} | op[4]
        if len(registers) < len(op[3]) + len(op[4]):
            raise Refusal(Code.INVALID, "An upsert names each column once.")
        if self._space.row(key) is None:
            values = dict(op[3])
            for group in op[4].values():
                values.update(group)
            check_create(self._space.catalog, table, values)
            check_registers(self._space.catalog, table, op[4])
            self._make(key, op, values)
        else:
            row = self._alive(table, key)
            check_registers(self._space.catalog, table, registers)
            kept = self._give_way(table, key, row, registers)
            lone = {column: value for column, value in op[3].items() if column in kept}
            groups = {group: values for group, values in op[4].items() if group in kept}
            self._write(table, key, row, [*op[:3], lone, groups], kept)

    def _give_way(
        self, table: Table, key: RowKey, row: Row, registers: dict[int, dict[int, Any]]
    ) -> dict[int, dict[int, Any]]:
        """What an upsert sets of a row that others have made meanwhile.

        It also names what a row to be made needs, its owner above all.  That never takes
        the place of what its author has not seen, nor may it keep two upserts of one id
        from merging (sync.md 1.3): it loses, and its author is told.
        """
        kept = {}
        for register, values in registers.items():
            if table.policies.get(register) is not Policy.REJECT or not self._is_unseen(
                table, row, register
            ):
                kept[register] = values
            elif {column: row[VALUES].get(column) for column in values} != values:
                winner = stamp_of(row, register)
                record = make_record(
                    self._space.seq, ConflictKind.LOST, values, self._source.stamp, winner
                )
                self._space.file(key, register, record)
        return kept

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
            for at, record in self._space.open_records(key, register):
                self._close_if_known(at, record)
            self._note_lookups(key, values)

    def _close_if_known(self, at: ConflictKey, record: Record) -> None:
        """Whoever knew of the loss and writes again has decided it (sync.md 1.2)."""
        if at.seq <= self._author.base_seq:
            self._space.close_record(at, record)

    def _refuse_unseen(self, table: Table, key: RowKey, row: Row, register: int) -> None:
        if self._is_unseen(table, row, register):
            column = table.by_number[table.groups.get(register, (register,))[0]].name
            raise Refusal(
                Code.CONFLICT,
                f"{table.name}.{column} was changed by someone else meanwhile "
                "and is never merged silently.",
                {"table": table.name, "column": column, "row": id_text(key[1])},
            )

    def _is_unseen(self, table: Table, row: Row, register: int) -> bool:
        """Whether the register holds what its author did not know of."""
        columns = table.groups.get(register, (register,))
        seen = self._author.seen(stamp_of(row, register), row[LIFE][RESTORED])
        return not seen and not never_written(row, register, columns)

    # -- life ------------------------------------------------------------------------------------

    def _delete(self, op: Op) -> None:
        table, key = self._place(op)
        row = self._known(table, key)
        was_dead = is_dead(row)
        if self._change_life(table, key, row, op):
            self._deleted.append(key)
            if not was_dead:
                settle(self._space, [key])

    def _restore(self, op: Op) -> None:
        table, key = self._place(op)
        if self._change_life(table, key, self._known(table, key), op):
            row = self._edit(key)
            life.mark_restored(row, self._space.seq)
            if not is_dead(row):
                settle(self._space, [key])

    def _change_life(self, table: Table, key: RowKey, row: Row, op: Op) -> bool:
        """Lead the life on; False if somebody's equal wish has already done it."""
        if row[LIFE][LENGTH] == op[3]:
            return False
        if life.change(self._edit(key), op[3], self._source.stamp) is life.Step.OVERTAKEN:
            raise Refusal(
                Code.CONFLICT,
                f"The {table.name} {id_text(key[1])} was deleted or restored by someone else "
                "meanwhile.",
                {"table": table.name, "row": id_text(key[1]), "life": row[LIFE][LENGTH]},
            )
        self._lives_changed = True
        return True

    def _answer_for_lives(self) -> None:
        """What deletes and restores, all of them done, must not do and must not do silently."""
        for key in self._space.died():
            self._refuse_held(key)
        burial.bury(self._space, self._deleted, self._source)
        for key in self._space.flipped():
            burial.rehide_links(self._space, self._space.links_of(key))

    def _refuse_held(self, key: RowKey) -> None:
        """A living row that refers to it by a restrict relationship keeps a row alive."""
        most = limits.RESTRICT_ROWS_COUNTED_MAX
        holders = list(islice(self._space.holders(key), most))
        if holders:
            table = self._space.catalog.table_number(holders[0][0])
            name = table.name if table is not None else "row"
            count = f"{most} or more rows" if len(holders) == most else f"{len(holders)} row(s)"
            raise Refusal(
                Code.RESTRICT,
                f"{count} still refer to it, for example the {name} {id_text(holders[0][1])}.",
                {"count": len(holders), "rows": [id_text(at[1]) for at in holders[:3]]},
            )

    # -- links -------------------------------------------------------------------------------------

    def _link(self, op: Op) -> None:
        key = self._link_key(op)
        for end in self._space.ends(key):
            self._target_alive(end)
        state = self._space.edit_link(key)
        restored = self._space.link_restored(key)
        state.stamps = orset.add(state.stamps, self._source.stamp, self._author, restored)
        self._close_link_records(key)

    def _unlink(self, op: Op) -> None:
        """Accepted while an end is dead too, and of a link that is gone: it names what it takes."""
        key = self._link_key(op)
        stamps = self._space.link(key).stamps
        kept = orset.remove(stamps, op[4], self._source.replica_of)
        if len(kept) < len(stamps):
            self._space.edit_link(key).stamps = kept
        self._close_link_records(key)

    def _close_link_records(self, key: LinkKey) -> None:
        for end in self._space.ends(key):
            for at, record in self._space.open_records(end, LINK_REGISTER | key[0]):
                if record[LINK] == list(key):
                    self._close_if_known(at, record)

    def _link_key(self, op: Op) -> LinkKey:
        if self._space.catalog.link_number(op[1]) is None:
            raise Refusal(Code.INVALID, f"There is no N:N relationship number {op[1]}.")
        return op[1], op[2], op[3]

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
        """Remember to look for the targets; what they say of the row itself holds at once."""
        for column, value in values.items():
            if isinstance(value, list) and len(value) == 2 and isinstance(value[1], bytes):
                self._new_lookups.append((key, column, value))
        if self._space.references.columns(key[0]).isdisjoint(values):
            return
        self._space.refers(key)
        row = self._space.row(key)
        assert row is not None
        under, gone = marks(self._space, key, row)
        if (under, gone) != (row[UNDER], row[GONE]):
            self._space.mark(key, under, gone)

    def _check_lookups(self) -> None:
        """Targets are looked for last: the same changeset may have created them."""
        for key, column, value in self._new_lookups:
            self._target_alive((value[0], value[1]))
            if value[0] == key[0] and self._leads_back(key, column):
                raise _cycle()
        for key in dict.fromkeys(key for key, _, _ in self._new_lookups):
            if self._space.is_above(key) and self._falls_with_itself(key):
                raise _cycle()

    def _leads_back(self, key: RowKey, column: int) -> bool:
        """Whether a chain of parents through one self-referring lookup fails to end."""
        at = key
        for _ in range(limits.HIERARCHY_DEPTH_MAX):
            row = self._space.row(at)
            value = row[VALUES].get(column) if row is not None else None
            if value is None or value[0] != key[0]:
                return False
            at = (value[0], value[1])
            if at == key:
                return True
        return True

    def _falls_with_itself(self, key: RowKey) -> bool:
        """Whether a row cascades from itself, through whatever tables: dead once, none of the
        rows of such a ring could ever be brought back."""
        waiting, met = [key], {key}
        while waiting:
            at = waiting.pop()
            row = self._space.row(at)
            for parent in self._space.cascade_parents(at, row) if row is not None else ():
                if parent == key:
                    return True
                if parent not in met:
                    met.add(parent)
                    waiting.append(parent)
        return False


def _cycle() -> Refusal:
    return Refusal(Code.CONFLICT, "This parent would make the row its own ancestor.")
