"""Links: adds survive removes that had not seen them."""

from __future__ import annotations

from satchel.crdt import orset
from tests.unit.crdt.stamps import author, replica_of, stamp


def dot(origin: int, ctr: int) -> list[object]:
    """A dot as an op carries it."""
    return [replica_of(origin), ctr]


def test_an_add_replaces_what_it_has_seen() -> None:
    """Normally one add is live: the newest, above those it replaces."""
    assert orset.add([stamp(10, 2, 1, 5)], stamp(3, 1), author(base=5)) == [stamp(11, 1)]


def test_an_add_keeps_what_it_has_not_seen() -> None:
    """Adds of people who did not know of each other are all live, in ascending order."""
    both = orset.add([stamp(10, 2, 1, 5)], stamp(3, 1), author(base=4))
    assert both == [stamp(3, 1), stamp(10, 2, 1, 5)]


def test_an_add_from_before_a_restore_counts_as_unseen() -> None:
    """A dead end hides its links: who stood before the restore has not seen them."""
    both = orset.add([stamp(10, 2, 1, 5)], stamp(11, 1), author(base=7), restored_seq=8)
    assert both == [stamp(10, 2, 1, 5), stamp(11, 1)]


def test_a_remove_takes_exactly_the_adds_it_names() -> None:
    """A concurrent add survives, by whoever it is; an unknown dot takes nothing."""
    stamps = [stamp(5, 1, 1, 2), stamp(6, 2, 4, 3)]
    assert orset.remove(stamps, [dot(1, 1)], replica_of) == [stamp(6, 2, 4, 3)]
    assert orset.remove(stamps, [dot(1, 2), dot(3, 1)], replica_of) == stamps
    assert orset.remove(stamps, [dot(2, 4), dot(1, 1)], replica_of) == []
