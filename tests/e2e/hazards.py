"""Values and bytes that nobody should send, as hypothesis strategies for both ends.

Each strategy draws little and expands it, so that ten thousand cases are made in seconds.
It knows msgpack's forms and no protocol of ours.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.wire.codec import pack

CUT = "cut"
FLIP = "flip"
INSERT = "insert"
REPEAT = "repeat"


def _one_of(choices: Sequence[Any]) -> SearchStrategy[Any]:
    """Drawn by number: hypothesis would keep the text of every choice, megabytes of it."""
    return st.integers(0, len(choices) - 1).map(choices.__getitem__)


def _noise(drawn: tuple[int, int]) -> bytes:
    seed, length = drawn
    return random.Random(seed).randbytes(length)


def mostly(good: SearchStrategy[Any], bad: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Something good, and every eighth time something bad (``one_of`` weighs by branches)."""
    return st.integers(0, 7).flatmap(lambda number: good if number else bad)


noise: SearchStrategy[bytes] = st.tuples(
    st.integers(0, 1 << 30), st.sampled_from((1, 2, 3, 4, 5, 9, 30, 100, 400))
).map(_noise)
"""Random bytes, from one to some hundreds."""

odd_values: SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    _one_of((0, 1, -1, 2, 255, 1 << 31, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -(1 << 63))),
    _one_of((0.0, -0.0, 1.5, float("nan"), float("inf"), 1e308)),
    st.text(max_size=6),
    _one_of(("", "account", "../../etc", "\x00", "\u202e", "a" * 3_000)),
    st.binary(max_size=6),
    _one_of((b"", bytes(8), bytes(16), bytes(32), bytes(33), bytes(64), bytes(5_000))),
    _one_of(([], [[]], [None] * 40, {}, {1: 1}, {None: None}, {"": {"": {}}}, {b"k": [0]})),
)
"""One value of any kind, often at the edge of what something takes."""

_HOSTILE = (
    b"",
    b"\xc1",  # never used
    b"\xdd\xff\xff\xff\xff",  # an array, a map, a text, bytes: four gigabytes each, all announced
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xdc\xff\xff" + b"\xc0" * 300,
    b"\xa4\xff\xfe\xfd\xfc",  # text that is no UTF-8
    b"\xa3\xed\xa0\x80",  # half of a surrogate pair
    b"\xd4\x00\x00",  # extension types, the timestamp among them
    b"\xd6\xff\x00\x00\x00\x00",
    b"\xc7\x05\x01hello",
    b"\x82\xa1a\x01\xa1a\x02",  # one key twice
    b"\x81\x90\x01",  # a list and a map as keys
    b"\x81\x80\x01",
    b"\x81\xc0\xc0",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # not a number
    b"\xc0\xc0",  # two values where one belongs
    b"\x91" * 33 + b"\xc0",  # deeper and deeper
    b"\x91" * 511 + b"\xc0",
    b"\x91" * 5_000 + b"\xc0",
    b"\x91" * 100_000,
    b"\x81\xa1a" * 40 + b"\xc0",
    b"\x81\xa1a" * 30_000,
)

broken_msgpack: SearchStrategy[bytes] = st.one_of(
    _one_of(_HOSTILE),
    noise,
    st.tuples(odd_values, st.integers(1, 12)).map(lambda drawn: pack(drawn[0])[: -drawn[1]]),
    odd_values.map(lambda value: pack(value) + b"\x00"),
)
"""Bytes that are no msgpack value, or one that nobody expects."""

Blow = tuple[str, int, int]
"""(kind, a number that chooses the place, a byte)"""

blows: SearchStrategy[Blow] = st.tuples(
    st.sampled_from((CUT, FLIP, INSERT, REPEAT)), st.integers(0, 1 << 16), st.integers(1, 255)
)
"""What happens to good bytes on their way: see :func:`damage`."""


def damage(data: bytes, blow: Blow) -> bytes:
    """Good bytes after one blow, at a place that the blow's number chooses."""
    kind, number, byte = blow
    place = number % max(len(data), 1)
    if kind == CUT:
        return data[:place]
    if kind == FLIP:
        return data[:place] + bytes([data[place] ^ byte]) + data[place + 1 :] if data else b""
    if kind == INSERT:
        return data[:place] + bytes([byte]) * (1 + number % 7) + data[place:]
    return data[:place] + data[place // 2 :]


def spoil(fields: dict[str, Any], which: int, value: Any) -> dict[str, Any]:
    """A map with one of its fields another value; every fifth time the field is not there."""
    name = sorted(fields)[which % len(fields)]
    rest = {key: kept for key, kept in fields.items() if key != name}
    return rest if which % 5 == 4 else {**rest, name: value}
