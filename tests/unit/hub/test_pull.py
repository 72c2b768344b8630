"""PULL: what changed since a cursor, and a FLIP only from one snapshot."""

from __future__ import annotations

import pytest

from satchel.hub.pull import Cursor
from satchel.model import limits
from satchel.model.errors import Denied, Trouble
from satchel.model.feed import Item
from satchel.model.outcome import Code
from satchel.model.row import UNDER, VALUES
from satchel.store import layout
from satchel.wire.codec import unpack
from tests.unit.hub.court import (
    BARE,
    FIRM,
    KNOWS,
    NAME,
    PERSON,
    SIZE,
    Author,
    Court,
    create,
    delete,
    link,
    put,
    restore,
    row_id,
    to,
    unlink,
)
from tests.unit.hub.reader import Flip, Reader, base_of

KEY = b"k" * 32


def items(reader: Reader, kind: Item) -> list[list[object]]:
    """The entries of one kind in the next response."""
    found = [unpack(raw) for raw in reader.ask().entries]
    return [item for item in found if item[0] == kind]


def story(author: Author) -> None:
    """Something of each kind: rows, dead rows, links, hidden links, records, refusals."""
    court = author.court
    other = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)), create(PERSON, 3))
    base = author.do(link(KNOWS, 1, 2), link(KNOWS, 1, 3))
    author.do(put(FIRM, 1, {SIZE: 1}))
    other.do(put(FIRM, 1, {SIZE: 2}), base=base, clock_ms=50)
    author.do(delete(PERSON, 2))
    author.say(put(PERSON, 2, {NAME: "x"}))
    other.do(create(BARE, 9))


def test_a_first_pull_brings_everything(court: Court) -> None:
    """What is held after the FLIP is what the hub has, byte for byte."""
    author = court.author()
    story(author)
    reader = Reader(author)
    assert reader.pull() == 1
    assert reader.flips == [Flip(0, court.head)]
    assert reader.held == base_of(court)


def test_a_later_pull_brings_what_changed(court: Court) -> None:
    """Each thing once, whole, at the seq of its latest change; nothing that did not change."""
    author = court.author()
    author.do(create(FIRM, 1), create(FIRM, 2), create(PERSON, 3))
    reader = Reader(author)
    reader.pull()
    for size in range(5):
        author.do(put(FIRM, 1, {SIZE: size}))
    seqs = [(item[1], item[3]) for item in items(reader, Item.PUT)]
    assert seqs == [(court.head, row_id(1))]
    reader.pull()
    assert reader.held == base_of(court)


def test_a_pull_with_nothing_new_flips_where_it_stands(court: Court) -> None:
    """No entries, and the same S."""
    author = court.author()
    story(author)
    reader = Reader(author)
    reader.pull()
    response = reader.ask()
    assert (response.entries, response.flip_to) == ([], court.head)


def test_a_dead_row_travels_as_its_tombstone(court: Court) -> None:
    """Life and stamps, no values; UNDER says that it died with another."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1), phone="secret"))
    author.do(delete(FIRM, 1))
    tombs = items(Reader(author), Item.TOMB)
    assert [item[3] for item in tombs] == [row_id(1), row_id(2)]
    rows = [unpack(item[4]) for item in tombs]  # type: ignore[arg-type]
    assert [(row[VALUES], row[UNDER]) for row in rows] == [({}, None), ({}, 1)]
    assert all(b"secret" not in raw for raw in Reader(author).ask().entries)


def test_what_comes_back_travels_whole(court: Court) -> None:
    """A restore is a PUT of every row that came back with it, and a LINK of every link."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)), link(KNOWS, 1, 2))
    author.do(delete(FIRM, 1))
    reader = Reader(author)
    reader.pull()
    assert [key[0] for key in reader.held] == [3]  # nothing but the origin's line
    author.do(restore(FIRM, 1))
    reader.pull()
    assert reader.held == base_of(court)
    assert len(reader.held) == 4


def test_a_link_that_is_removed_or_hidden_is_an_unlink(court: Court) -> None:
    """Devices hold only links that can be seen."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2), create(PERSON, 3))
    author.do(link(KNOWS, 1, 2), link(KNOWS, 1, 3))
    reader = Reader(author)
    reader.pull()
    author.do(unlink(KNOWS, 1, 2, author.dot), delete(PERSON, 3))
    assert [item[4] for item in items(reader, Item.UNLINK)] == [row_id(2), row_id(3)]
    reader.pull()
    assert reader.held == base_of(court)


def test_a_record_that_closes_is_told(court: Court) -> None:
    """Open and closed, a conflict record travels like a row."""
    author = court.author()
    story(author)
    reader = Reader(author)
    reader.pull()
    (opened,) = court.open_records()
    author.do(put(FIRM, 1, {SIZE: 3}))
    (item,) = items(reader, Item.CONFLICT)
    assert item[2:7] == list(opened)
    reader.pull()
    assert reader.held == base_of(court)


def test_a_device_learns_how_far_every_origin_is_decided(court: Court) -> None:
    """Origin lines of everybody, not only one's own, one each."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1))
    two.do(create(FIRM, 2))
    two.do(create(FIRM, 3))
    lines = items(Reader(one), Item.ORIGIN)
    assert [(item[3], item[4], item[5]) for item in lines] == [
        (one.replica, 1, one.chain),
        (two.replica, 2, two.chain),
    ]


# -- outcomes ----------------------------------------------------------------------------------------


def test_outcomes_go_to_their_author_only(court: Court) -> None:
    """Each of its counters above the cursor, accepted or refused, with seq and detail."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1))
    one.say(create(FIRM, 1))
    two.do(create(FIRM, 2))
    mine = items(Reader(one), Item.OUTCOME)
    assert [item[1:4] for item in mine] == [[1, 1, Code.OK], [2, 2, Code.DUP_ID]]
    assert mine[1][4] is not None
    assert [item[1:4] for item in items(Reader(two), Item.OUTCOME)] == [[3, 1, Code.OK]]
    for raw in Reader(two).ask().entries:
        assert b"exists or existed" not in raw


def test_outcomes_above_the_cursor_come_whatever_was_pushed_between(court: Court) -> None:
    """A device out of a backup asks from an old cursor and hears of every refusal since."""
    author = court.author()
    author.do(create(FIRM, 1))
    reader = Reader(author)
    reader.pull()
    old = reader.cursor
    for _ in range(3):
        author.say(create(FIRM, 1))
    reader.pull()
    assert [item[2] for item in items(Reader(author), Item.OUTCOME)] == [1, 2, 3, 4]
    response = reader.ask(cursor=old)
    counters = [unpack(raw)[2] for raw in response.entries if unpack(raw)[0] == Item.OUTCOME]
    assert counters == [2, 3, 4]


def test_a_replica_that_never_wrote_has_no_outcomes(court: Court) -> None:
    """And reads everything else."""
    author, silent = court.author(), court.author()
    story(author)
    reader = Reader(silent)
    reader.pull()
    assert reader.outcomes == {}
    assert reader.held == base_of(court)


# -- the cursor --------------------------------------------------------------------------------------


def test_a_cursor_comes_back_as_it_was() -> None:
    """Sealed and opened, all its parts."""
    cursor = Cursor(3, 10, 12, 15, b"feed key", 7)
    assert Cursor.open(KEY, cursor.seal(KEY)) == cursor


@pytest.mark.parametrize("damage", ["body", "mac", "cut", "empty", "short", "other key"])
def test_a_cursor_of_somebody_elses_making_is_refused(damage: str) -> None:
    """Opaque to devices: what this hub did not seal, or seal for this organisation, is none."""
    sealed = Cursor.start(1, 5).seal(KEY)
    forged = {
        "body": bytes([sealed[0], sealed[1] ^ 1]) + sealed[2:],
        "mac": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "cut": sealed[:-1],
        "empty": b"",
        "short": b"abc",
        "other key": Cursor.start(1, 5).seal(b"x" * 32),
    }[damage]
    with pytest.raises(Denied) as caught:
        Cursor.open(KEY, forged)
    assert caught.value.code == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    "ahead",
    [
        Cursor.start(1, 2),
        Cursor.start(1, 1)._replace(low=2),
        Cursor.start(1, 1)._replace(torn_at=2),
    ],
    ids=["base", "low", "torn"],
)
def test_a_cursor_ahead_of_the_hub_stops_it(court: Court, ahead: Cursor) -> None:
    """EPOCH: a hub out of a backup leads no device back to an older S."""
    author = court.author()
    author.do(create(FIRM, 1))
    with pytest.raises(Trouble) as caught:
        Reader(author).ask(cursor=ahead.seal(court.setup.cursor_key))
    assert caught.value.code == "EPOCH"


# -- pages -------------------------------------------------------------------------------------------


def test_pages_close_at_their_size(court: Court) -> None:
    """A response is cut into pages of about 256 KiB, each with a cursor to go on from."""
    author = court.author()
    for number in range(1, 11):
        author.do(create(BARE, number, name="x" * 100_000))
    response = Reader(author).ask(8 << 20)
    ends = [upto for upto, _ in response.pages]
    starts = [0, *ends]
    for start, end in zip(starts, [*ends, len(response.entries)], strict=True):
        size = sum(len(raw) for raw in response.entries[start:end])
        assert 0 < size <= limits.PAGE_BYTES_TARGET + 100_100
    assert len(ends) >= 3
    assert response.flip_to == court.head


def test_a_row_larger_than_a_page_is_one(court: Court) -> None:
    """It travels alone, whatever was asked for."""
    author = court.author()
    author.do(create(BARE, 1, name="x" * 1_000_000))
    author.do(create(BARE, 2))
    reader = Reader(author)
    assert reader.pull(1) > 1
    assert reader.held == base_of(court)


def test_the_feed_holds_each_thing_once(court: Court) -> None:
    """A change moves its line: the feed is as long as what there is, and points at it."""
    author = court.author()
    story(author)
    for number in range(4):
        author.do(put(FIRM, 1, {SIZE: number}))
    lines = [layout.parse_feed_key(key) for key in court.dump(layout.FEED)[layout.FEED]]
    places = [line[1:] for line in lines]
    assert len(places) == len(set(places))
    counted = [court.dump(db)[db] for db in (layout.ROW, layout.CNF)]
    links = [raw for raw in court.dump(layout.LNK)[layout.LNK].values() if raw]
    assert len(lines) == sum(len(found) for found in counted) + len(links) + 2
