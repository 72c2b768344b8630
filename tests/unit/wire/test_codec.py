"""The one codec: canonical bytes out, one strict value in, never deeper than the bound."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model import limits
from satchel.model.errors import Garbled
from satchel.wire.codec import depth_within, pack, sorted_map, unpack


def nested(depth: int, inner: Any = 1) -> Any:
    """``inner`` inside so many lists."""
    for _ in range(depth):
        inner = [inner]
    return inner


def test_values_come_back_as_they_were() -> None:
    """Text stays text, bytes stay bytes, maps keep the order in which they were built."""
    value = {"a": [1, -1, 1 << 63, 1.5, None, True], "b": {2: b"\xff", 1: "é"}}
    assert unpack(pack(value)) == value
    assert list(unpack(pack(sorted_map({2: "b", 1: "a"})))) == [1, 2]


def test_integers_are_as_short_as_they_can_be() -> None:
    """One value has one encoding, so equal rows are equal bytes."""
    assert [len(pack(number)) for number in (127, 255, 65_535, 1 << 32)] == [1, 2, 3, 9]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x91",
        b"\x01\x02",
        b"\xc1",
        b"\xa2\xff\xfe",
        b"\xc7\x01\x05\x00",
        b"\xdd\xff\xff\xff\xff",
    ],
    ids=["nothing", "cut", "two values", "no type", "bad text", "extension", "a huge list"],
)
def test_anything_else_is_garbled(data: bytes) -> None:
    """Exactly one value of the known types fills the bytes, or they are refused."""
    with pytest.raises(Garbled) as caught:
        unpack(data)
    assert caught.value.code == "BAD_FRAME"


def test_what_is_too_long_is_refused_unread() -> None:
    """The bound is looked at before the first byte."""
    with pytest.raises(Garbled) as caught:
        unpack(b"\xc1" * 11, bytes_max=10)
    assert caught.value.code == "FRAME_TOO_BIG"


def test_depth_is_counted_in_lists_and_maps() -> None:
    """At the bound it holds, one further it does not, on any branch and whatever is inside."""
    most = limits.NESTING_DEPTH_MAX
    assert depth_within(nested(most))
    assert depth_within([1, {"a": nested(most - 2)}])
    assert not depth_within(nested(most + 1))
    assert not depth_within(nested(most, {}))
    assert not depth_within([1, {"a": nested(most - 1)}])
    assert depth_within("text", 0)
    assert not depth_within([], 0)
