"""DEP: what stands on refused work is refused with it, and nothing else is."""

from __future__ import annotations

import pytest

from satchel.model.changeset import Op
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.model.row import VALUES
from satchel.store import layout
from tests.unit.hub.court import (
    FIRM,
    KNOWS,
    NAME,
    PERSON,
    SIZE,
    Author,
    Court,
    address,
    create,
    delete,
    link,
    put,
    restore,
    to,
    unlink,
    upsert,
)


def refused(author: Author, number: int) -> Dot:
    """A create of a firm that is refused; its dot."""
    assert author.say(create(FIRM, number, size=-1)).code is Code.INVALID
    return author.dot


STANDING: dict[str, Op] = {
    "set": put(FIRM, 1, {SIZE: 1}),
    "group": address(1, "Oslo", None),
    "delete": delete(FIRM, 1),
    "restore": restore(FIRM, 1),
    "link": link(KNOWS, 1, 2),
    "lookup of a create": create(PERSON, 3, works_at=to(FIRM, 1)),
    "lookup of a set": put(PERSON, 2, {2: to(FIRM, 1)}),
}


@pytest.mark.parametrize("op", STANDING)
def test_work_on_a_refused_create_is_refused_with_it(court: Court, op: str) -> None:
    """Nobody declared it: the hub knows which refused changeset would have made the row."""
    author = court.author()
    author.do(create(PERSON, 2))
    cause = refused(author, 1)
    outcome = author.say(STANDING[op])
    assert outcome.code is Code.DEP
    assert outcome.detail is not None
    assert outcome.detail["cause"] == [cause.replica, cause.ctr]


@pytest.mark.parametrize("op", STANDING)
def test_a_declared_cause_comes_first(court: Court, op: str) -> None:
    """A hard dependency that was refused is the reason, whatever else would be."""
    author = court.author()
    assert author.say(delete(FIRM, 77)).code is Code.GONE
    cause = author.dot
    outcome = author.say(STANDING[op], hard=(cause,))
    assert outcome.code is Code.DEP
    assert outcome.detail is not None
    assert outcome.detail["cause"] == [cause.replica, cause.ctr]


def test_it_goes_on_from_one_to_the_next(court: Court) -> None:
    """DEP is a refusal like any other: what stands on it is DEP too, with the nearest cause."""
    author = court.author()
    refused(author, 1)
    assert author.say(create(PERSON, 2, works_at=to(FIRM, 1))).code is Code.DEP
    second = author.dot
    third = author.say(link(KNOWS, 8, 2))
    assert third.code is Code.TARGET_GONE
    outcome = author.say(put(PERSON, 2, {NAME: "Ann"}))
    assert outcome.code is Code.DEP
    assert outcome.detail is not None
    assert outcome.detail["cause"] == [second.replica, second.ctr]
    assert author.say(create(FIRM, 3), hard=(author.dot,)).code is Code.DEP


def test_everything_else_proceeds(court: Court) -> None:
    """Work of the same replica that only came after a refusal is judged on its own."""
    author = court.author()
    refused(author, 1)
    author.do(create(FIRM, 2))
    author.do(put(FIRM, 2, {SIZE: 1}))
    assert court.the_row(FIRM, 2)[VALUES][SIZE] == 1


def test_an_accepted_cause_is_none(court: Court) -> None:
    """A hard dependency that was accepted changes nothing."""
    author = court.author()
    author.do(create(FIRM, 1))
    author.do(put(FIRM, 1, {SIZE: 1}), hard=(author.dot,))


def test_a_refused_edit_is_no_cause_of_the_next(court: Court) -> None:
    """Overwriting a pending value is a soft dependency: it survives the rejection."""
    author = court.author()
    author.do(create(FIRM, 1))
    assert author.say(put(FIRM, 1, {SIZE: -1})).code is Code.INVALID
    author.do(put(FIRM, 1, {SIZE: 1}))


def test_a_late_dependant_of_another_device_is_refused(court: Court) -> None:
    """The counter of a refusal is never forgotten: a dependant may come from anywhere, late."""
    one, two = court.author(), court.author()
    cause = refused(one, 1)
    for _ in range(3):
        one.do(create(FIRM, 100 + one.ctr))
    assert two.say(put(FIRM, 1, {SIZE: 1})).code is Code.DEP
    assert two.say(create(FIRM, 5), hard=(cause,)).code is Code.DEP


def test_a_create_that_is_sent_again_mends_it(court: Court) -> None:
    """Once somebody has made the row, work on it is judged as on any row."""
    author = court.author()
    refused(author, 1)
    author.do(create(FIRM, 1))
    author.do(put(FIRM, 1, {SIZE: 1}))
    assert court.dump(layout.BADC)[layout.BADC] == {}


def test_an_upsert_stands_on_nothing(court: Court) -> None:
    """It makes the row where its create was refused; and a refused upsert is a cause."""
    author = court.author()
    refused(author, 1)
    author.do(upsert(FIRM, 1, {NAME: "firm"}, {}))
    assert author.say(upsert(FIRM, 2, {SIZE: 1}, {})).code is Code.INVALID
    assert author.say(put(FIRM, 2, {SIZE: 1})).code is Code.DEP


def test_a_changeset_refused_for_another_op_is_a_cause(court: Court) -> None:
    """All creates of a refused changeset are refused, not only the one that was wrong."""
    author = court.author()
    assert author.say(create(FIRM, 1), put(FIRM, 99, {SIZE: 1})).code is Code.GONE
    assert author.say(put(FIRM, 1, {SIZE: 1})).code is Code.DEP


def test_life_stands_on_life(court: Court) -> None:
    """A delete of a row whose pending restore was refused says so by declaring it."""
    author = court.author()
    author.do(create(FIRM, 1))
    author.do(delete(FIRM, 1))
    assert author.say(restore(FIRM, 1), put(FIRM, 1, {SIZE: -1})).code is Code.INVALID
    assert author.say(delete(FIRM, 1, 4), hard=(author.dot,)).code is Code.DEP


def test_an_unlink_of_a_refused_link_takes_nothing(court: Court) -> None:
    """It names an add that is not there: accepted without effect."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2))
    assert author.say(link(KNOWS, 1, 2), link(KNOWS, 1, 9)).code is Code.TARGET_GONE
    author.do(unlink(KNOWS, 1, 2, author.dot))
    assert court.link(KNOWS, 1, 2) is None


def test_nobody_stands_on_what_they_have_not_written(court: Court) -> None:
    """INVALID: a dependency, or a context, on one's own counter or a later one."""
    author = court.author()
    assert author.say(create(FIRM, 1), hard=(Dot(author.replica, 1),)).code is Code.INVALID
    assert author.say(create(FIRM, 1), hard=(Dot(author.replica, 9),)).code is Code.INVALID
    assert author.say(create(FIRM, 1), foreign={author.replica: 3}).code is Code.INVALID
    author.do(create(FIRM, 1), foreign={author.replica: 3})
