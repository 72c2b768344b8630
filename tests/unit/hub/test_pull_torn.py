"""Passes that do not fit one response: other people write between two, and nothing is torn."""

from __future__ import annotations

import random

import pytest

from satchel.model.feed import Item
from satchel.wire.codec import unpack
from tests.unit.hub.court import (
    BARE,
    FIRM,
    KNOWS,
    PERSON,
    PHONE,
    SIZE,
    WORKS_AT,
    Court,
    create,
    delete,
    link,
    put,
    restore,
    to,
    unlink,
)
from tests.unit.hub.reader import Reader, base_of


@pytest.mark.parametrize("bytes_max", [1, 100, 300, 1_000, 5_000])
def test_any_size_of_response_brings_the_same(court: Court, bytes_max: int) -> None:
    """However small the responses, the FLIP at the end is the hub's state at its seq."""
    author = court.author()
    for number in range(20):
        author.do(create(FIRM, number), create(PERSON, number, works_at=to(FIRM, number)))
        author.say(create(FIRM, number))
    reader = Reader(author)
    count = reader.pull(bytes_max)
    assert count > 1
    assert reader.held == base_of(court)
    assert sorted(reader.outcomes) == list(range(1, 41))
    assert len(reader.flips) == 1


def test_every_response_moves_on(court: Court) -> None:
    """At least one entry each, also where one byte is asked for: a pass always ends."""
    author = court.author()
    for number in range(8):
        author.do(create(BARE, number))
    reader = Reader(author)
    sizes = []
    while True:
        response = reader.ask(1)
        sizes.append(len(response.entries))
        if reader.take(response):
            break
    assert sizes[:-1] == [1] * (len(sizes) - 1)
    assert sum(sizes) == 8 + 8 + 1


def test_a_torn_pass_does_not_flip(court: Court) -> None:
    """Half of a changeset is never shown: what was written meanwhile comes in another pass."""
    author = court.author()
    for number in range(1, 7):
        author.do(create(FIRM, number))
    reader = Reader(author)
    assert not reader.step(150)
    author.do(put(FIRM, 1, {SIZE: 1}), put(FIRM, 6, {SIZE: 1}))
    while not reader.step(150):
        assert reader.flips == []
    assert reader.flips[0].seq == court.head
    assert reader.held == base_of(court)


def test_a_pass_whose_rest_fits_goes_on_into_the_next(court: Court) -> None:
    """The last response of a torn pass ends with the pass over what changed meanwhile."""
    author = court.author()
    for number in range(1, 30):
        author.do(create(FIRM, number))
    reader = Reader(author)
    assert not reader.step(1_000)
    author.do(delete(FIRM, 1))
    response = reader.ask(1 << 20)
    assert response.flip_to == court.head
    seqs = [unpack(raw)[1] for raw in response.entries if unpack(raw)[0] != Item.OUTCOME]
    again = [seq for seq in seqs if seq == court.head]
    assert len(again) > 2  # the row and the origin's line, once for each of the two passes
    assert reader.take(response)
    assert reader.held == base_of(court)


def test_a_row_that_moves_while_the_pass_is_torn(court: Court) -> None:
    """Served before it moved or not, it is held as of the FLIP."""
    author = court.author()
    for number in range(1, 13):
        author.do(create(FIRM, number))
    for moved in (1, 6, 12):
        reader = Reader(author)
        step = 0
        while not reader.step(200):
            step += 1
            if step in (2, 5):
                author.do(put(FIRM, moved, {SIZE: step}))
        assert reader.held == base_of(court), moved


def test_a_row_that_dies_while_the_pass_is_torn(court: Court) -> None:
    """Its PUT was staged; the tombstone of the next pass takes its place."""
    author = court.author()
    for number in range(1, 13):
        author.do(create(FIRM, number), create(PERSON, number), link(KNOWS, number, number))
    reader = Reader(author)
    while not any(key[0] == 0 for key in reader.stage):
        assert not reader.step(300)
    author.do(delete(FIRM, 1), delete(PERSON, 12))
    reader.pull(300)
    assert reader.held == base_of(court)


def test_own_work_pushed_while_the_pass_is_torn_is_not_counted_twice(court: Court) -> None:
    """Outcome, effects and origin line come from the FLIP's snapshot together."""
    author = court.author()
    for number in range(1, 10):
        author.do(create(FIRM, number))
    reader = Reader(author)
    assert not reader.step(400)
    author.do(create(BARE, 99))
    author.say(create(BARE, 99))
    reader.pull(400)
    assert reader.held == base_of(court)
    assert sorted(reader.outcomes) == list(range(1, author.ctr + 1))


def test_a_page_that_is_cut_off_is_gone_on_from(court: Court) -> None:
    """From the cursor of any page, with writers between: the same end."""
    author = court.author()
    for number in range(1, 11):
        author.do(create(BARE, number, name="x" * 60_000))
    pages = Reader(author).ask(8 << 20).pages
    assert len(pages) >= 2
    for place in range(len(pages)):
        reader = Reader(author)
        response = reader.ask(8 << 20)
        upto, at = response.pages[place]
        assert not reader.take(response, upto, at)
        author.do(put(BARE, 1 + place, {PHONE: "moved"}))
        reader.pull()
        assert reader.held == base_of(court)


def test_a_page_sent_again_changes_nothing(court: Court) -> None:
    """The same response twice, an older one late: the higher seq stays in the stage."""
    author = court.author()
    for number in range(1, 9):
        author.do(create(FIRM, number))
    reader = Reader(author)
    first = reader.ask(300)
    reader.take(first)
    author.do(put(FIRM, 1, {SIZE: 1}))
    second = reader.ask(1 << 20)
    for raw in (*second.entries, *first.entries):
        assert unpack(raw)[1] <= court.head
    reader.take(first)
    assert reader.take(second)
    assert reader.held == base_of(court)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_written_between_responses(court: Court, seed: int) -> None:
    """Random writers against random readers: each FLIP is the hub's state at its seq."""
    chance = random.Random(seed)
    authors = [court.author() for _ in range(3)]
    readers = [Reader(author) for author in authors]
    for number in range(1, 9):
        authors[0].do(create(FIRM, number), create(PERSON, number, works_at=to(FIRM, number)))
    quiet = 0
    for step in range(400):
        if step < 250 and chance.random() < 0.5:
            author = chance.choice(authors)
            firm, person = chance.randint(1, 9), chance.randint(1, 9)
            author.say(
                chance.choice(
                    [
                        put(FIRM, firm, {SIZE: step}),
                        put(PERSON, person, {WORKS_AT: to(FIRM, firm)}),
                        delete(FIRM, firm, 2 * chance.randint(1, 3)),
                        restore(FIRM, firm, 2 * chance.randint(1, 3) + 1),
                        delete(PERSON, person),
                        restore(PERSON, person),
                        link(KNOWS, firm, person),
                        unlink(KNOWS, firm, person, author.dot),
                        create(BARE, 100 + step),
                    ]
                ),
                base=max(0, court.head - chance.randint(0, 5)),
            )
            continue
        reader = chance.choice(readers)
        if reader.step(chance.choice([1, 60, 300, 2_000, 1 << 20])):
            assert reader.seq == court.head
            assert reader.held == base_of(court)
            mine = range(1, reader.author.ctr + 1)
            assert sorted(reader.outcomes) == list(mine)
            quiet += 1
    assert quiet > 5
