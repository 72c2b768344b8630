"""Upserts of one id by people who did not know of each other merge, owner and all."""

from __future__ import annotations

from satchel.model.conflict import LOSER, LOST
from satchel.model.outcome import Code
from satchel.model.row import CTR, ORIGIN, VALUES
from tests.replicas import new_world
from tests.unit.hub.court import FIRM, NAME, OWNER, SIZE, Court, create, upsert


def test_an_owner_gives_way_to_one_that_was_not_seen(court: Court) -> None:
    """The first owner stays, the second author is told of theirs; all else is set."""
    one, two = court.author(), court.author()
    one.do(upsert(FIRM, 1, {NAME: "firm", OWNER: "a"}, {}), base=0)
    two.do(upsert(FIRM, 1, {NAME: "firm", SIZE: 5, OWNER: "b"}, {}), base=0)
    row = court.the_row(FIRM, 1)
    assert row[VALUES] == {NAME: "firm", SIZE: 5, OWNER: "a"}
    (record,) = court.open_records().values()
    assert record[LOST] == {OWNER: "b"}
    assert (record[LOSER][ORIGIN], record[LOSER][CTR]) == (two.number, 1)


def test_the_same_owner_is_no_loss(court: Court) -> None:
    """Two devices of one user leave no record."""
    one, two = court.author(), court.author()
    one.do(upsert(FIRM, 1, {NAME: "firm", OWNER: "a"}, {}), base=0)
    two.do(upsert(FIRM, 1, {NAME: "firm", OWNER: "a"}, {}), base=0)
    assert court.records() == {}


def test_an_owner_that_was_seen_may_be_changed(court: Court) -> None:
    """Who knows the row sets its owner by an upsert as by any write."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1, owner="a"))
    two.do(upsert(FIRM, 1, {OWNER: "b"}, {}))
    assert court.the_row(FIRM, 1)[VALUES][OWNER] == "b"
    assert court.records() == {}


def test_what_gives_way_is_checked_all_the_same(court: Court) -> None:
    """A value of the wrong form is refused, whether it would be set or not."""
    one, two = court.author(), court.author()
    one.do(upsert(FIRM, 1, {NAME: "firm", OWNER: "a"}, {}), base=0)
    assert two.say(upsert(FIRM, 1, {OWNER: 7}, {}), base=0).code is Code.INVALID


def test_two_people_upsert_one_row() -> None:
    """Two users' devices choose one id while away; both rows become one, on all replicas."""
    with new_world() as world:
        ada, ben = world.join(), world.join()
        wish = {"do": "upsert", "table": "account", "id": world.new_id()}
        ada.do({**wish, "columns": {"name": "A", "telephone1": "1"}})
        ben.do({**wish, "columns": {"name": "A", "address1_city": "Rome"}})
        assert [outcome.code for outcome in (*ada.push(), *ben.push())] == [Code.OK, Code.OK]
        ada.pull()
        ben.pull()
        rec = str(wish["id"])
        shown = ada.columns("account", rec)
        assert (shown["telephone1"], shown["address1_city"]) == ("1", "Rome")
        assert shown == ben.columns("account", rec)
        assert ada.summary()["digest"] == ben.summary()["digest"] == world.hub.digest()
