"""The table of links is bounded, and no device can push out another's."""

from __future__ import annotations

import pytest

from satchel.hub.links import LinkTable
from satchel.model import limits
from satchel.model.errors import Denied
from satchel.wire.envelope import Certificate


def certificate(number: int) -> Certificate:
    device = number.to_bytes(16, "big")
    return Certificate(bytes(16), bytes(16), device, b"replica1", bytes(32), number, 1 << 60)


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_a_device_keeps_its_latest_links() -> None:
    """The oldest of its own goes first."""
    table = LinkTable()
    for number in range(limits.LINKS_PER_DEVICE_MAX + 1):
        table.open(certificate(1), name(number), name(number), 0)
    assert len(table) == limits.LINKS_PER_DEVICE_MAX
    with pytest.raises(Denied) as caught:
        table.find(name(0))
    assert caught.value.code == "UNKNOWN_LINK"
    assert table.find(name(1)).id == name(1)


def test_one_device_cannot_push_out_another() -> None:
    """However often it says hello, and whatever replica id it has chosen."""
    table = LinkTable()
    table.open(certificate(1), name(0), name(0), 0)
    for number in range(1, 200):
        table.open(certificate(2), name(number), name(number), 0)
    assert table.find(name(0)).certificate == certificate(1)


def test_the_link_unused_for_longest_makes_room() -> None:
    """A full table forgets what nobody uses."""
    table = LinkTable()
    for number in range(limits.LINKS_MAX):
        table.open(certificate(number), name(0), name(number), 0)
    table.use(table.find(name(0)), 1, 5)
    table.open(certificate(limits.LINKS_MAX), name(0), name(limits.LINKS_MAX), 0)
    assert len(table) == limits.LINKS_MAX
    assert table.find(name(0)).seen_ms == 5
    with pytest.raises(Denied):
        table.find(name(1))


def test_a_number_is_used_once() -> None:
    """The second time it is a recording."""
    table = LinkTable()
    link = table.open(certificate(1), name(0), name(0), 0)
    table.use(link, 2, 0)
    table.use(link, 1, 0)
    with pytest.raises(Denied) as caught:
        table.use(link, 2, 0)
    assert caught.value.code == "REPLAYED"


def test_last_seen_is_by_device() -> None:
    """The latest request on any of its links."""
    table = LinkTable()
    first = table.open(certificate(1), name(0), name(0), 10)
    table.open(certificate(1), name(1), name(1), 20)
    table.use(first, 1, 30)
    assert table.last_seen() == {certificate(1).device: 30}
