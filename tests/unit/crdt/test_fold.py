"""The fold: ops over a row or link in canonical order, never judging."""

from __future__ import annotations

from satchel.crdt.fold import Source, apply_row_op, fold_link, fold_row
from satchel.crdt.register import Loss
from satchel.model import changeset as cs
from satchel.model.changeset import Op
from satchel.model.row import LENGTH, LIFE, UPSERTED, VALUES, Row, copy_row
from tests.unit.crdt.stamps import replica_of, row, source, stamp

ID = bytes(16)
NAME, CITY, STREET, ADDRESS = 1, 2, 3, 20


def create(values: dict[int, object]) -> Op:
    """A create."""
    return [cs.CREATE, 1, ID, values]


def put(values: dict[int, object]) -> Op:
    """A set."""
    return [cs.SET, 1, ID, values]


def fold(base: Row | None, *work: tuple[Source, Op]) -> Row | None:
    """Fold one op for each changeset."""
    return fold_row(base, [(at, [op]) for at, op in work])


def test_a_create_makes_a_row_without_nulls() -> None:
    """Values ascending, nulls left out, everything under the create's stamp."""
    made = fold(None, (source(5), create({CITY: "Oslo", NAME: "a", STREET: None})))
    assert made == row({NAME: "a", CITY: "Oslo"}, stamp(5))
    assert list(made[VALUES]) == [NAME, CITY]


def test_a_create_of_what_is_there_changes_nothing() -> None:
    """Only the hub refuses it."""
    base = row({NAME: "a"})
    assert fold(base, (source(99), create({NAME: "b"}))) == base


def test_an_upsert_makes_or_sets() -> None:
    """On nothing an upsert makes a row that remembers it; on a row it is a set."""
    op = [cs.UPSERT, 1, ID, {NAME: "a"}, {ADDRESS: {CITY: "Oslo", STREET: None}}]
    made = fold(None, (source(5), op))
    assert made is not None
    assert (made[VALUES], made[LIFE][UPSERTED]) == ({NAME: "a", CITY: "Oslo"}, 1)
    present = fold(row({NAME: "b", STREET: "Main"}), (source(99), op))
    assert present is not None
    assert (present[VALUES], present[LIFE][UPSERTED]) == ({NAME: "a", CITY: "Oslo"}, None)


def test_ops_on_a_missing_row_are_skipped() -> None:
    """The fold shows the rest of a changeset and leaves the refusal to the hub."""
    assert fold(None, (source(5), put({NAME: "a"}))) is None
    assert fold(None, (source(5), [cs.DELETE, 1, ID, 2])) is None


def test_edits_of_a_dead_row_are_skipped() -> None:
    """A dead row keeps its values; what comes after a pending restore shows."""
    gone = (source(20, 1, 1), [cs.DELETE, 1, ID, 2])
    back = (source(22, 1, 3), [cs.RESTORE, 1, ID, 3])
    edit = put({NAME: "b"})
    dead = fold(row({NAME: "a"}), gone, (source(21, 1, 2), edit))
    assert dead is not None
    assert dead[VALUES] == {NAME: "a"}
    alive = fold(row({NAME: "a"}), gone, back, (source(23, 1, 4), edit))
    assert alive is not None
    assert (alive[VALUES], alive[LIFE][LENGTH]) == ({NAME: "b"}, 3)


def test_base_is_left_as_it_is() -> None:
    """Folding over BASE shares no list with it that a write changes."""
    base = row({NAME: "a"})
    before = copy_row(base)
    fold(base, (source(20), put({NAME: "b", CITY: "Oslo"})), (source(21), [cs.DELETE, 1, ID, 2]))
    assert base == before


def test_losses_are_told_to_who_asks() -> None:
    """Each register that lost unseen is one loss, in the order of the op."""
    target = row({NAME: "a", CITY: "Oslo"}, stamp(10, 2, 1, 5))
    losses: list[Loss] = []
    apply_row_op(copy_row(target), put({NAME: "b", CITY: "Rome"}), source(11), losses)
    assert [loss.register for loss in losses] == [NAME, CITY]


def test_a_link_folds_adds_and_removes() -> None:
    """An add and then a remove that names it leave nothing; a later add is live again."""
    at = [source(clock, 1, clock) for clock in (1, 2, 3)]
    add: Op = [cs.LINK, 40, ID, ID]
    remove: Op = [cs.UNLINK, 40, ID, ID, [[replica_of(1), 1]]]
    assert fold_link([], [(at[0], [add])]) == [stamp(1, 1, 1)]
    assert fold_link([], [(at[0], [add]), (at[1], [remove])]) == []
    again = fold_link([], [(at[0], [add]), (at[1], [remove]), (at[2], [add])])
    assert again == [stamp(3, 1, 3)]
