"""BASE: the hub's rows, links, conflict records and origins as of S, as they are stored.

Owns the writing of staged entries into one generation, by FLIP and by a build aside alike.
Values are stored as the hub sent them, byte for byte, so equal BASE is equal bytes.
"""

from __future__ import annotations

from typing import Any

from satchel.engine.replica import OriginLine
from satchel.model.feed import Item
from satchel.model.row import VALUES, Row
from satchel.schema.references import References
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack, unpack


def put_row(txn: Txn, generation: int, item: list[Any]) -> tuple[tuple[int, bytes], Row]:
    """Store the row of a PUT or TOMB; returns its key and the decoded row."""
    txn.put(layout.ROW, layout.row_key(generation, item[2], item[3]), item[4])
    return (item[2], item[3]), unpack(item[4])


def put_link(txn: Txn, generation: int, item: list[Any]) -> tuple[int, bytes, bytes]:
    """Store or remove the link of a LINK or UNLINK, with its mirror; returns its key."""
    key = (item[2], item[3], item[4])
    here, mirror = layout.lnk_key(generation, *key), layout.lnk_mirror_key(generation, *key)
    if item[0] == Item.LINK:
        txn.put(layout.LNK, here, item[5])
        txn.put(layout.LNK, mirror, b"")
    else:
        txn.delete(layout.LNK, here)
        txn.delete(layout.LNK, mirror)
    return key


def put_conflict(txn: Txn, generation: int, item: list[Any]) -> None:
    """Store a conflict record."""
    txn.put(layout.CNF, layout.cnf_key(generation, *item[2:7]), item[7])


def put_origin(txn: Txn, item: list[Any]) -> OriginLine:
    """Store a line of the register of replicas."""
    line = OriginLine(*item[2:])
    txn.put(layout.ORG, line.replica, pack(list(line)))
    return line


def put_references(
    txn: Txn, generation: int, references: References, key: tuple[int, bytes], row: Row
) -> None:
    """Put the REF entries of a row."""
    for relation, target in references.of(key[0], row[VALUES]):
        txn.put(layout.REF, layout.ref_key(generation, target, relation.number, key[1]), b"")


def drop_references(
    txn: Txn, generation: int, references: References, key: tuple[int, bytes], row: Row
) -> None:
    """Remove the REF entries of a row."""
    for relation, target in references.of(key[0], row[VALUES]):
        txn.delete(layout.REF, layout.ref_key(generation, target, relation.number, key[1]))
