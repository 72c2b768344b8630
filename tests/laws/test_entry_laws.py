"""Changeset bodies: what was written is read back, and nothing else ever gets past the door."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from satchel.model import changeset as cs
from satchel.model.changeset import Context, Entry
from satchel.model.errors import Invalid
from satchel.model.ids import Dot
from satchel.wire.chain import body_hash, extend
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry, encode_entry

COUNTS = st.integers(0, (1 << 64) - 1)
IDS = st.binary(min_size=16, max_size=16)
REPLICAS = st.binary(min_size=8, max_size=8)
DOTS = st.builds(Dot, REPLICAS, COUNTS)
NUMBERS = st.integers(0, 0xFFFF)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.binary(max_size=20)
)
VALUES = st.dictionaries(
    NUMBERS, SCALARS | st.lists(SCALARS, max_size=3), min_size=1, max_size=4
).map(lambda drawn: {key: drawn[key] for key in sorted(drawn)})
GROUPS = st.dictionaries(NUMBERS, VALUES, max_size=2)
OPS = st.one_of(
    st.tuples(st.sampled_from((cs.CREATE, cs.SET)), NUMBERS, IDS, VALUES),
    st.tuples(st.just(cs.GROUP), NUMBERS, IDS, NUMBERS, VALUES),
    st.tuples(st.just(cs.DELETE), NUMBERS, IDS, st.integers(1, 1 << 40).map(lambda n: 2 * n)),
    st.tuples(st.just(cs.RESTORE), NUMBERS, IDS, st.integers(1, 1 << 40).map(lambda n: 2 * n + 1)),
    st.tuples(st.just(cs.LINK), NUMBERS, IDS, IDS),
    st.tuples(st.just(cs.UNLINK), NUMBERS, IDS, IDS, st.lists(DOTS.map(list), min_size=1)),
    st.tuples(st.just(cs.UPSERT), NUMBERS, IDS, VALUES, GROUPS),
).map(list)
CONTEXTS = st.builds(
    Context, COUNTS, COUNTS, COUNTS, st.dictionaries(REPLICAS, COUNTS, max_size=3), st.none()
)
ENTRIES = st.builds(
    Entry, COUNTS, COUNTS, CONTEXTS, st.lists(DOTS, max_size=3),
    st.lists(OPS, min_size=1, max_size=4), st.none(), st.binary(min_size=16, max_size=16),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.integers(0, 20) | st.text(max_size=3) | REPLICAS, inner, max_size=4)
    ),
    max_leaves=30,
)


def read(body: bytes) -> Entry | None:
    """A changeset, or None for a refusal that can be an outcome; anything else is a failure."""
    try:
        return decode_entry(body)
    except Invalid as invalid:
        refused = invalid
    assert refused.code in ("INVALID", "UNSUPPORTED", "TOO_BIG")
    assert 0 < len(refused.message) < 300
    return None


@given(ENTRIES)
def test_a_changeset_comes_back_as_it_was(entry: Entry) -> None:
    """Encoded and decoded, part for part, and encoded again byte for byte."""
    body = encode_entry(entry)
    back = decode_entry(body)
    assert back == entry
    assert encode_entry(back) == body


@given(st.binary(max_size=200))
def test_bytes_are_a_changeset_or_invalid(body: bytes) -> None:
    """Decoding raises nothing but Invalid, with a code that is an outcome and a short sentence."""
    read(body)


@given(ANYTHING)
def test_structures_are_a_changeset_or_invalid(value: Any) -> None:
    """Anything that can be encoded, whatever its shape."""
    read(pack(value))


@given(ENTRIES, st.data())
def test_a_changeset_with_a_part_exchanged(entry: Entry, data: st.DataObject) -> None:
    """Any part, at any depth, replaced by anything: still a changeset, or Invalid."""
    wire = unpack(encode_entry(entry))
    at = wire
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(at[key], list | dict) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    at[key] = data.draw(ANYTHING)
    back = read(pack(wire))
    if back is not None:
        assert unpack(pack(back.to_wire())) == wire


@given(ENTRIES, st.data())
def test_a_damaged_changeset_is_another_one_or_none(entry: Entry, data: st.DataObject) -> None:
    """Bytes cut off or changed are never taken for what they were: the hash differs."""
    body = encode_entry(entry)
    place = data.draw(st.integers(0, len(body) - 1))
    changed = (
        body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    )
    for damaged in (body[:place], changed):
        read(damaged)
        assert body_hash(damaged) != body_hash(body)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=5), REPLICAS, st.data())
def test_a_chain_stands_for_every_hash_in_it(
    hashes: list[bytes], origin: bytes, data: st.DataObject
) -> None:
    """Change, drop or swap one link, or the origin, and the end differs."""

    def end(links: list[bytes], by: bytes) -> bytes:
        chain = bytes(32)
        for ctr, one in enumerate(links, 1):
            chain = extend(chain, by, ctr, one)
        return chain

    place = data.draw(st.integers(0, len(hashes) - 1))
    other = bytes([hashes[place][0] ^ 1]) + hashes[place][1:]
    whole = end(hashes, origin)
    assert end([*hashes[:place], other, *hashes[place + 1 :]], origin) != whole
    assert end(hashes[:place] + hashes[place + 1 :], origin) != whole
    assert end(hashes, bytes([origin[0] ^ 1]) + origin[1:]) != whole
