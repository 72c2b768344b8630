"""The shape of a bundle: read once, at the door."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.hub.push import Bundle, read_bundle
from satchel.model import limits
from satchel.model.errors import SatchelError

GOOD: list[Any] = [1, b"replica8", 5, bytes(32), [b"one", b"two"], 6, None]


def test_a_bundle_is_read() -> None:
    """Replica, first counter, the chain before it, and the entries."""
    assert read_bundle(GOOD) == Bundle(b"replica8", 5, bytes(32), [b"one", b"two"])


BAD: dict[str, tuple[int, Any, str]] = {
    "format": (0, 2, "BAD_FRAME"),
    "replica": (1, "replica8", "BAD_FRAME"),
    "a first counter of zero": (2, 0, "BAD_FRAME"),
    "a first counter that is no number": (2, True, "BAD_FRAME"),
    "chain": (3, bytes(31), "BAD_FRAME"),
    "chain that is none": (3, None, "BAD_FRAME"),
    "entries": (4, b"one", "BAD_FRAME"),
    "a last counter that does not fit": (5, 7, "BAD_FRAME"),
    "a signature": (6, bytes(64), "UNSUPPORTED"),
    "a void entry": (4, [b"one", [1, bytes(32)]], "UNSUPPORTED"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_bundle_is_refused(case: str) -> None:
    """Malformed, or of a later version: each with its code, before anything is looked up."""
    place, value, code = BAD[case]
    wire = list(GOOD)
    wire[place] = value
    with pytest.raises(SatchelError) as caught:
        read_bundle(wire)
    assert caught.value.code == code


@pytest.mark.parametrize("wire", [None, [], GOOD[:6], [*GOOD, 1], {"bundle": 1}])
def test_what_has_another_shape_is_refused(wire: Any) -> None:
    """Seven parts, no more and no less."""
    with pytest.raises(SatchelError) as caught:
        read_bundle(wire)
    assert caught.value.code == "BAD_FRAME"


def test_a_bundle_is_bounded() -> None:
    """At most a thousand changesets go together."""
    count = limits.BUNDLE_ENTRIES_MAX + 1
    with pytest.raises(SatchelError) as caught:
        read_bundle([1, b"replica8", 1, bytes(32), [b""] * count, count, None])
    assert caught.value.code == "TOO_BIG"
