"""The base digest: its exact bytes, and what it tells apart."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from satchel.wire.codec import pack
from satchel.wire.digest import BaseDigest

ROW = (7).to_bytes(2, "big") + bytes(16)
LATER_ROW = (7).to_bytes(2, "big") + b"\1" * 16
LINK = (9).to_bytes(2, "big") + bytes(32)
REPLICA = b"replica1"


def test_the_bytes_hashed_are_those_of_the_protocol() -> None:
    """Each thing is its tag, then key and value, both behind their lengths."""
    digest = BaseDigest()
    digest.row(ROW, b"row")
    digest.link(LINK, b"stamps")
    digest.origin(REPLICA, 3, 12, b"c" * 32, b"u" * 16, b"d" * 16)
    origin = pack([3, 12, b"c" * 32, b"u" * 16, b"d" * 16])
    parts = [
        *(b"\1", (18).to_bytes(4, "big"), ROW, (3).to_bytes(4, "big"), b"row"),
        *(b"\2", (34).to_bytes(4, "big"), LINK, (6).to_bytes(4, "big"), b"stamps"),
        *(b"\4", (8).to_bytes(4, "big"), REPLICA, len(origin).to_bytes(4, "big"), origin),
    ]
    assert digest.hexdigest() == blake2b(b"".join(parts), digest_size=32).hexdigest()
    assert digest.digest().hex() == digest.hexdigest()


def test_bytes_that_move_from_a_key_to_its_value_change_the_digest() -> None:
    """Lengths are hashed, so different things never run together into the same bytes."""
    one, other = BaseDigest(), BaseDigest()
    one.row(ROW, b"ab")
    other.row(ROW + b"a", b"b")
    assert one.digest() != other.digest()


def test_a_thing_of_another_kind_is_another_thing() -> None:
    """The same bytes as a link and as a conflict record differ."""
    one, other = BaseDigest(), BaseDigest()
    one.link(LINK, b"x")
    other.conflict(LINK, b"x")
    assert one.digest() != other.digest()


@pytest.mark.parametrize("second", [ROW, (7).to_bytes(2, "big") + b""])
def test_a_thing_out_of_order_or_fed_twice_is_a_bug(second: bytes) -> None:
    """A replica that walks its store in another order may not get a digest at all."""
    digest = BaseDigest()
    digest.row(ROW, b"x")
    with pytest.raises(AssertionError):
        digest.row(second, b"x")


def test_the_order_of_keys_is_that_of_their_bytes() -> None:
    """Ascending keys of one section, then the next section, from its lowest key on."""
    digest = BaseDigest()
    digest.row(ROW, b"x")
    digest.row(LATER_ROW, b"x")
    digest.link(bytes(34), b"x")
    assert len(digest.digest()) == 32
