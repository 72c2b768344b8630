"""The examples of what is hashed, signed, stored and compared: changesets and BASE."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from satchel.model.feed import Item
from satchel.wire.chain import CHAIN_START, body_hash, extend
from satchel.wire.codec import pack, unpack
from satchel.wire.digest import BaseDigest
from satchel.wire.entry import decode_entry
from satchel.wire.envelope import Certificate, public_key, read_certificate
from satchel.wire.frame import FrameType
from tests.golden import fixed
from tests.golden.example import Example, value
from tests.golden.story import Story

Build = Callable[[Story], Example]


def entries(story: Story) -> list[list[Any]]:
    """Every page entry that device one was sent."""
    pages = [frame for frame in story.device.frames if frame.type is FrameType.PAGE]
    return [unpack(entry) for page in pages for entry in unpack(page.payload)["entries"]]


def entry(story: Story, item: Item, table: int | None = None) -> list[Any]:
    """The last page entry of one kind, of one table."""
    found = [each for each in entries(story) if each[0] == item and table in (None, each[2])]
    return found[-1]


def _changeset(number: int, story: Story) -> Example:
    def read(data: bytes) -> Any:
        wire = decode_entry(data).to_wire()
        return [*wire[:3], [*wire[3]], [[*dot] for dot in wire[4]], *wire[5:]]

    return Example(story.bodies[number], read, pack)


def _item(item: Item, table: int | None, story: Story) -> Example:
    return value(pack(entry(story, item, table)))


def _part(item: Item, place: int, table: int | None, story: Story) -> Example:
    return value(entry(story, item, table)[place])


def _certificate(story: Story) -> Example:
    def read(data: bytes) -> Any:
        known: Certificate = read_certificate(public_key(fixed.HUB_SECRET), data)
        body, signature = unpack(data)
        assert unpack(body) == [1, *known]
        return [body, signature]

    return Example(story.device.replica.identity.certificate, read, pack)


def _digest_input(story: Story) -> Example:
    """What one row adds to the base digest: the meaning is its parts."""

    def write(parts: list[Any]) -> bytes:
        tag, key, row = parts
        lengths = [len(part).to_bytes(4, "big") for part in (key, row)]
        return b"".join((bytes((tag,)), lengths[0], key, lengths[1], row))

    def read(data: bytes) -> Any:
        parts: list[Any] = [data[0]]
        rest = data[1:]
        for _ in ("key", "row"):
            end = 4 + int.from_bytes(rest[:4], "big")
            assert end <= len(rest), "a length goes past the end"
            parts.append(rest[4:end])
            rest = rest[end:]
        assert not rest, "the lengths end before the bytes do"
        return parts

    key = fixed.ACCOUNT_KEY
    return Example(write([1, key, entry(story, Item.PUT, 1)[4]]), read, write)


BYTES: dict[str, Build] = {
    "entry-create": partial(_changeset, 0),
    "entry-update": partial(_changeset, 1),
    "row": partial(_part, Item.PUT, 4, 1),
    "tombstone": partial(_part, Item.TOMB, 4, None),
    "link": partial(_part, Item.LINK, 5, None),
    "conflict": partial(_part, Item.CONFLICT, 7, None),
    "item-put": partial(_item, Item.PUT, 2),
    "item-tomb": partial(_item, Item.TOMB, None),
    "item-link": partial(_item, Item.LINK, None),
    "item-unlink": partial(_item, Item.UNLINK, None),
    "item-conflict": partial(_item, Item.CONFLICT, None),
    "item-origin": partial(_item, Item.ORIGIN, None),
    "item-outcome": partial(_item, Item.OUTCOME, None),
    "certificate": _certificate,
    "digest-input": _digest_input,
}
"""Name to builder."""


def chain_lines(story: Story) -> dict[str, bytes]:
    """The body hashes and the chain of device one's first two changesets."""
    first, second = (body_hash(body) for body in story.bodies[:2])
    one = extend(CHAIN_START, fixed.ONE, 1, first)
    return {
        "chain 0": CHAIN_START,
        "bh 1": first,
        "chain 1": one,
        "bh 2": second,
        "chain 2": extend(one, fixed.ONE, 2, second),
    }


def digest_of_one_row(story: Story) -> str:
    """The base digest of a replica that holds only the account."""
    digest = BaseDigest()
    digest.row(fixed.ACCOUNT_KEY, entry(story, Item.PUT, 1)[4])
    return digest.hexdigest()
