"""What the author of a changeset knew."""

from __future__ import annotations

from tests.unit.crdt.stamps import author, stamp


def test_own_work_is_seen() -> None:
    """Whatever its author wrote before, or in the same changeset, it has seen."""
    writer = author(origin=1, ctr=5)
    assert writer.seen(stamp(99, 1, 4, None))
    assert writer.seen(stamp(99, 1, 5, None))
    assert not writer.seen(stamp(1, 1, 6, None))


def test_decided_work_is_seen_up_to_the_base() -> None:
    """A stamp with a seq is seen iff the author's cursor had reached it."""
    writer = author(base=10)
    assert writer.seen(stamp(99, 2, 7, 10))
    assert not writer.seen(stamp(1, 2, 7, 11))


def test_pending_work_of_others_is_seen_by_the_vector() -> None:
    """A stamp without a seq is seen iff the context's vector names its counter or a later one."""
    writer = author(foreign={2: 7})
    assert writer.seen(stamp(99, 2, 7, None))
    assert not writer.seen(stamp(1, 2, 8, None))
    assert not writer.seen(stamp(1, 3, 1, None))


def test_the_vector_counts_for_decided_work_too() -> None:
    """What a peer handed over stays seen when the hub has decided it above the base."""
    assert author(base=3, foreign={2: 7}).seen(stamp(1, 2, 7, 50))


def test_a_tombstone_shows_no_values() -> None:
    """In a restored row a stamp counts as not older than the restore, except to its writer."""
    writer = author(origin=1, ctr=5, base=10)
    assert not writer.seen(stamp(1, 2, 1, 4), restored_seq=11)
    assert writer.seen(stamp(1, 2, 1, 4), restored_seq=10)
    assert writer.seen(stamp(1, 1, 2, 4), restored_seq=11)
    assert not writer.seen(stamp(1, 2, 1, 12), restored_seq=5)
