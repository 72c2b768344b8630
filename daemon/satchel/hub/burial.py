"""What a delete takes from people who did not know of it, and the links it hides.

Delete wins, but no accepted edit vanishes unannounced: each value, and each link, that the
deleter had not seen leaves a BURIED record for its author (sync.md 1.3).
"""

from __future__ import annotations

from collections.abc import Iterable

from satchel.crdt.fold import Source
from satchel.crdt.liveness import RowKey
from satchel.hub.workspace import LinkKey, Workspace
from satchel.model.conflict import (
    LINK,
    LINK_REGISTER,
    LOSER,
    WHOLE_ROW,
    ConflictKind,
    Record,
    make_record,
)
from satchel.model.row import BASE, CTR, LIFE, ORIGIN, RESTORED, STAMPS, VALUES, Row, is_dead


def bury(space: Workspace, deleted: Iterable[RowKey], source: Source) -> None:
    """File a record for every value and link that a delete took without its being seen.

    ``deleted``: the rows whose own life the changeset has ended.  What falls with them is
    looked through even where it was dead already: were that other death undone, this one
    would still hold it down.
    """
    fallen = [key for key in _fallen(space, deleted) if space.dead(key)]
    links: dict[LinkKey, RowKey] = {}
    for key in fallen:
        before = space.before(key)
        if before is not None:
            _bury_values(space, key, before, source)
        for link_key in space.links_of(key):
            links.setdefault(link_key, key)
    for link_key, key in links.items():
        _bury_link(space, link_key, key, source)


def rehide_links(space: Workspace, links: Iterable[LinkKey]) -> None:
    """File anew each link whose visibility follows from an end that died or came back."""
    for key in links:
        state = space.link(key)
        if state.stamps:
            hidden = any(space.dead(end) for end in space.ends(key))
            if hidden != state.hidden:
                space.edit_link(key).hidden = hidden


def _fallen(space: Workspace, deleted: Iterable[RowKey]) -> list[RowKey]:
    """The rows that are dead while one of ``deleted`` is, these included."""
    met = dict.fromkeys(deleted)
    waiting = list(met)
    for key in waiting:
        for found in space.falling(key):
            if found not in met:
                met[found] = None
                waiting.append(found)
    return waiting


def _bury_values(space: Workspace, key: RowKey, row: Row, source: Source) -> None:
    """``row``: as it was before the changeset."""
    seen, restored = source.author.seen, row[LIFE][RESTORED]
    table = space.catalog.table_number(key[0])
    members = table.groups if table is not None else {}
    records: dict[int, Record] = {}
    written: set[int] = set()
    for register, stamp in (row[STAMPS] or {}).items():
        columns = members.get(register, (register,))
        written.update(columns)
        if not seen(stamp, restored):
            values = {column: row[VALUES].get(column) for column in columns}
            records[register] = make_record(
                space.seq, ConflictKind.BURIED, values, stamp, source.stamp
            )
    rest = {column: value for column, value in row[VALUES].items() if column not in written}
    if rest and not seen(row[BASE], restored):
        records[WHOLE_ROW] = make_record(
            space.seq, ConflictKind.BURIED, rest, row[BASE], source.stamp
        )
    for register, record in records.items():
        if not (is_dead(row) and _is_filed(space, key, register, record)):
            space.file(key, register, record)


def _bury_link(space: Workspace, link_key: LinkKey, key: RowKey, source: Source) -> None:
    """``key``: the end that died."""
    state = space.link(link_key)
    restored = space.link_restored(link_key)
    register = LINK_REGISTER | link_key[0]
    for stamp in state.stamps:
        if source.author.seen(stamp, restored):
            continue
        record = make_record(
            space.seq, ConflictKind.BURIED_LINK, {}, stamp, source.stamp, list(link_key)
        )
        ends = space.ends(link_key)
        if not (state.hidden and any(_is_filed(space, end, register, record) for end in ends)):
            space.file(key, register, record)


def _is_filed(space: Workspace, key: RowKey, register: int, record: Record) -> bool:
    """Whether an open record already tells of this loss."""
    return any(
        known[LOSER][ORIGIN] == record[LOSER][ORIGIN]
        and known[LOSER][CTR] == record[LOSER][CTR]
        and known[LINK] == record[LINK]
        for _, known in space.open_records(key, register)
    )
