"""What a delete takes from people who did not know of it, and the links it hides.

Delete wins, but no accepted edit vanishes unannounced: each value, and each link, that the
deleter had not seen leaves a BURIED record for its author (sync.md 1.3).
"""

from __future__ import annotations

from collections.abc import Iterable

from satchel.crdt.fold import Source
from satchel.crdt.liveness import RowKey
from satchel.hub.workspace import Workspace
from satchel.model.conflict import LINK_REGISTER, WHOLE_ROW, ConflictKind, make_record
from satchel.model.row import BASE, LIFE, RESTORED, STAMPS, VALUES, Stamp, Values, is_dead


def bury(space: Workspace, key: RowKey, source: Source) -> None:
    """File a record for every value and link of a row that died without being seen."""
    row = space.before(key)
    assert row is not None
    restored = row[LIFE][RESTORED]
    own = row[STAMPS] or {}
    table = space.catalog.table_number(key[0])
    members = table.groups if table is not None else {}
    written: set[int] = set()
    for register, stamp in own.items():
        columns = members.get(register, (register,))
        written.update(columns)
        if not source.author.seen(stamp, restored):
            values = {column: row[VALUES].get(column) for column in columns}
            _file(space, key, register, values, stamp, source.stamp)
    if not source.author.seen(row[BASE], restored):
        rest = {column: value for column, value in row[VALUES].items() if column not in written}
        if rest:
            _file(space, key, WHOLE_ROW, rest, row[BASE], source.stamp)
    for link_key in space.links_of(key):
        state = space.link(link_key)
        for stamp in state.stamps:
            if not state.hidden and not source.author.seen(stamp):
                record = make_record(
                    space.seq, ConflictKind.BURIED_LINK, {}, stamp, source.stamp, list(link_key)
                )
                space.file(key, LINK_REGISTER | link_key[0], record)


def _file(
    space: Workspace, key: RowKey, register: int, values: Values, loser: Stamp, winner: Stamp
) -> None:
    record = make_record(space.seq, ConflictKind.BURIED, values, loser, winner)
    space.file(key, register, record)


def rehide_links(space: Workspace, flipped: Iterable[RowKey]) -> None:
    """File anew each link whose visibility follows from an end that died or came back."""
    for key in flipped:
        for link_key in space.links_of(key):
            state = space.link(link_key)
            rows = [space.row(end) for end in space.ends(link_key)]
            hidden = any(row is None or is_dead(row) for row in rows)
            if hidden != state.hidden and state.stamps:
                space.edit_link(link_key).hidden = hidden
