"""The naive hub: every accepted changeset executed in order, over plain dicts.

Shares no code with ``crdt``, ``engine`` or ``hub``: it was written from sync.md 1.1 to 1.4
alone, with everything recomputed after every op, and is compared with all replicas at rest.
What was refused it is told; rows that the hub itself wrote it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from satchel.model.ids import Dot
from satchel.model.kinds import Policy
from satchel.schema.catalog import Catalog
from tests.sim.ledger import Decision

RowName = tuple[int, bytes]
LinkName = tuple[int, bytes, bytes]

CREATE, SET, GROUP, DELETE, RESTORE, LINK, UNLINK, UPSERT = 0, 1, 2, 4, 5, 6, 7, 15


class Mark(NamedTuple):
    """Who wrote something, and when: what a later writer may have seen of it."""

    clock: int
    dot: Dot
    seq: int


class Loss(NamedTuple):
    """A value that lost unseen and of which nobody has disposed since."""

    row: RowName
    register: int
    loser: Dot
    seq: int


class Row:
    """``registers``: mark of each register that was written after the create."""

    def __init__(self, made: Mark, values: dict[int, Any]) -> None:
        self.made = made
        self.life = 1
        self.values = {column: value for column, value in values.items() if value is not None}
        self.registers: dict[int, Mark] = {}
        self.restored = 0
        self.dead = False


class Reference:
    """``rows``, ``links`` and ``losses`` after all that was fed."""

    def __init__(self, catalog: Catalog) -> None:
        self.rows: dict[RowName, Row] = {}
        self.links: dict[LinkName, list[Mark]] = {}
        self.losses: list[Loss] = []
        self._unmerged = {
            (catalog.number_of(name), register)
            for name in catalog.names()
            for register, policy in catalog.table(name).policies.items()
            if policy is Policy.REJECT
        }
        self._deletes = {
            (relation.table_number, relation.column_number, relation.target_number): relation.delete
            for name in catalog.names()
            for relation in catalog.lookups_of(catalog.number_of(name))
        }
        self._ends = {
            link.number: (link.left_number, link.right_number) for link in catalog.links()
        }

    def feed(self, decisions: Iterable[Decision]) -> None:
        """Execute what was accepted, in the order of the sequence."""
        for decision in decisions:
            if decision.accepted and decision.entry is not None:
                writer = _Writer(self, decision, decision.entry.ctx.base_seq)
                for op in decision.entry.ops:
                    writer.execute(op)
                    self._settle(decision.seq)

    # -- what a reader sees ------------------------------------------------------------------

    def living(self) -> dict[RowName, dict[int, Any]]:
        """The values of every living row; lookups to dead rows left out."""
        return {
            name: {
                column: value
                for column, value in row.values.items()
                if not self._is_gone(name[0], column, value)
            }
            for name, row in self.rows.items()
            if not row.dead
        }

    def live_links(self) -> set[LinkName]:
        """The links that have an add and two living ends."""
        return {name for name, adds in self.links.items() if adds and not self.hidden(name)}

    def never_merged(self, table: int, register: int) -> bool:
        """Whether a value of this register never takes the place of one unseen."""
        return (table, register) in self._unmerged

    def hidden(self, name: LinkName) -> bool:
        """Whether an end of the link is dead."""
        return any(self.rows[end].dead for end in self.ends(name) if end in self.rows)

    def ends(self, name: LinkName) -> list[RowName]:
        """The rows that a link connects."""
        left, right = self._ends[name[0]]
        return [(left, name[1]), (right, name[2])]

    def _is_gone(self, table: int, column: int, value: Any) -> bool:
        delete = self._lookup(table, column, value)
        if delete not in ("remove_link",):
            return False
        target = self.rows.get((value[0], value[1]))
        return target is not None and target.dead

    def _lookup(self, table: int, column: int, value: Any) -> str | None:
        if not isinstance(value, list) or len(value) != 2:
            return None
        return self._deletes.get((table, column, value[0]))

    # -- liveness ----------------------------------------------------------------------------

    def _settle(self, seq: int) -> None:
        """Dead is what died itself, and what cascades from something dead; nothing else."""
        dead = {name for name, row in self.rows.items() if row.life % 2 == 0}
        grown = True
        while grown:
            more = {
                name
                for name, row in self.rows.items()
                if name not in dead and any(parent in dead for parent in self._parents(name, row))
            }
            dead |= more
            grown = bool(more)
        for name, row in self.rows.items():
            if row.dead and name not in dead:
                row.restored = seq
            row.dead = name in dead

    def _parents(self, name: RowName, row: Row) -> Iterable[RowName]:
        for column, value in row.values.items():
            if self._lookup(name[0], column, value) == "cascade":
                yield value[0], value[1]


class _Writer:
    """One accepted changeset at work."""

    def __init__(self, house: Reference, decision: Decision, base_seq: int) -> None:
        self._house = house
        self._mark = Mark(decision.clock, decision.dot, decision.seq)
        self._base_seq = base_seq

    def execute(self, op: list[Any]) -> None:
        """One op, whatever it is."""
        kind = op[0]
        if kind in (LINK, UNLINK):
            self._link(op)
            return
        name = (op[1], op[2])
        row = self._house.rows.get(name)
        if row is None:
            values = dict(op[3])
            for group in op[4].values() if kind == UPSERT else ():
                values.update(group)
            self._house.rows[name] = Row(self._mark, values)
        elif kind in (DELETE, RESTORE):
            if kind == RESTORE and row.life != op[3]:
                row.restored = self._mark.seq
            row.life = op[3]
        elif kind == GROUP:
            self._write(name, row, op[3], op[4])
        else:
            groups = op[4] if kind == UPSERT else {}
            lone = {column: {column: value} for column, value in op[3].items()}
            for register, given in {**lone, **groups}.items():
                self._write(name, row, register, given, gives_way=kind == UPSERT)

    def _knows(self, mark: Mark, restored: int) -> bool:
        if mark.dot.replica == self._mark.dot.replica:
            return True
        return max(mark.seq, restored) <= self._base_seq

    def _write(
        self,
        name: RowName,
        row: Row,
        register: int,
        given: dict[int, Any],
        gives_way: bool = False,
    ) -> None:
        present = row.registers.get(register, row.made)
        before = {column: row.values.get(column) for column in given}
        blank = register not in row.registers and not any(
            value is not None for value in before.values()
        )
        knows = self._knows(present, row.restored)
        mine, theirs = self._mark, present
        yields = gives_way and not (knows or blank)
        yields = yields and self._house.never_merged(name[0], register)
        later = (mine.clock, mine.dot.replica) > (theirs.clock, theirs.dot.replica)
        wins = knows or blank or (later and not yields)
        if not yields:
            self._dispose(name, register)
        if not (knows or blank) and before != given:
            loser = theirs.dot if wins else mine.dot
            self._house.losses.append(Loss(name, register, loser, mine.seq))
        if wins:
            if knows and theirs.clock >= mine.clock:
                mine = theirs if mine.dot == theirs.dot else mine._replace(clock=theirs.clock + 1)
            row.registers[register] = mine
            row.values.update(given)
            row.values = {column: it for column, it in row.values.items() if it is not None}

    def _dispose(self, name: RowName, register: int) -> None:
        """Whoever knew of a loss and writes again has decided it."""
        self._house.losses = [
            loss
            for loss in self._house.losses
            if (loss.row, loss.register) != (name, register) or loss.seq > self._base_seq
        ]

    def _link(self, op: list[Any]) -> None:
        name = (op[1], op[2], op[3])
        adds = self._house.links.setdefault(name, [])
        if op[0] == UNLINK:
            named = {Dot(replica, ctr) for replica, ctr in op[4]}
            self._house.links[name] = [add for add in adds if add.dot not in named]
            return
        restored = max(
            (self._house.rows[end].restored for end in self._house.ends(name)), default=0
        )
        known = [add for add in adds if self._knows(add, restored)]
        self._house.links[name] = [add for add in adds if add not in known] + [self._mark]
