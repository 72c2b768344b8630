"""PUSH: counters in order, each decided once, effects and outcome in one transaction."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from satchel.hub.author import write_changes
from satchel.hub.judge import Judge
from satchel.hub.outcomes import read_outcome
from satchel.hub.push import Bundle, JudgeFault, push
from satchel.model.errors import Trouble
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire import chain as chains
from satchel.wire.codec import unpack
from satchel.wire.entry import encode_entry
from tests.unit.hub.court import FIRM, SIZE, Author, Court, create, delete, put


def bodies(author: Author, *numbers: int) -> list[bytes]:
    """Changesets that each create a firm."""
    return [encode_entry(author.entry(create(FIRM, number))) for number in numbers]


# -- exactly once -----------------------------------------------------------------------------------


def test_a_bundle_is_decided_in_order(court: Court) -> None:
    """One outcome each, contiguous counters, a gap-free seq; the origin follows in one line."""
    author = court.author()
    pushed = court.take(author.bundle(*bodies(author, 1, 2, 1, 3)))
    assert [outcome.ctr for outcome in pushed.outcomes] == [1, 2, 3, 4]
    assert [outcome.seq for outcome in pushed.outcomes] == [1, 2, 3, 4]
    assert [outcome.code for outcome in pushed.outcomes] == [0, 0, Code.DUP_ID, 0]
    assert (pushed.processed, pushed.head, pushed.need) == (4, 4, [])
    origin = author.origin()
    assert (origin.processed, origin.chain, origin.line) == (4, author.chain, 4)


def test_the_sequence_has_no_gap(court: Court) -> None:
    """Every seq from 1 to the head belongs to one changeset, whoever wrote it, refused or not."""
    one, two = court.author(), court.author()
    for author, number in ((one, 1), (two, 1), (one, 2), (two, 3), (one, 3)):
        author.say(create(FIRM, number))
    court.store.write(
        lambda txn: write_changes(txn, court.office, [[create(FIRM, 9)]], court.now_ms, bytes(16))
    )
    lines = court.dump(layout.SEQ)[layout.SEQ]
    assert [layout.parse_seq_key(key) for key in lines] == list(range(1, court.head + 1))
    assert len(set(lines.values())) == court.head
    assert set(lines.values()) == set(court.dump(layout.OUT)[layout.OUT])


def test_the_same_bundle_again_changes_nothing(court: Court) -> None:
    """A lost answer costs a comparison: no outcome, no byte of the store."""
    author = court.author()
    bundle = author.bundle(*bodies(author, 1, 1, 2))
    court.take(bundle)
    before = court.dump()
    for _ in range(2):
        pushed = court.take(bundle)
        assert (pushed.processed, pushed.outcomes, pushed.need) == (3, [], [])
    assert court.dump() == before


def test_an_overlapping_bundle_goes_on_where_it_must(court: Court) -> None:
    """What is decided is skipped, what is new is judged."""
    author = court.author()
    first, second, third = bodies(author, 1, 2, 3)
    court.take(author.bundle(first, second))
    pushed = court.take(Bundle(author.replica, 1, chains.CHAIN_START, [first, second, third]))
    assert [outcome.ctr for outcome in pushed.outcomes] == [3]
    assert court.alive(FIRM, 3)


def test_a_gap_is_answered_with_what_is_missing(court: Court) -> None:
    """NEED names the origin's own counters; nothing behind the gap is judged."""
    author = court.author()
    first, second, third = bodies(author, 1, 2, 3)
    court.take(author.bundle(first))
    whole = author.bundle(second, third)
    late = Bundle(author.replica, 3, b"?" * 32, [third])
    before = court.dump()
    pushed = court.take(late)
    assert (pushed.processed, pushed.outcomes) == (1, [])
    assert pushed.need == [(author.replica, 2, 2)]
    assert court.dump() == before
    assert court.take(whole).processed == 3


def test_an_empty_bundle_asks_how_far_it_is(court: Court) -> None:
    """No entries, no effects, the truth about the origin."""
    author = court.author()
    author.do(create(FIRM, 1))
    before = court.dump()
    pushed = court.take(Bundle(author.replica, 2, author.chain, []))
    assert (pushed.processed, pushed.outcomes, pushed.head) == (1, [], 1)
    assert court.dump() == before


def test_two_origins_do_not_touch_each_other(court: Court) -> None:
    """Counters, chains and outcomes are per origin."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1))
    two.do(create(FIRM, 2))
    assert (one.origin().processed, two.origin().processed) == (1, 1)
    assert one.origin().chain != two.origin().chain


def test_an_outcome_keeps_what_was_decided(court: Court) -> None:
    """Code, seq, clamped clock and hash for ever; the body of a refusal until it is collected."""
    author = court.author()
    good, bad = bodies(author, 1, 1)
    court.take(author.bundle(good, bad))
    kept = {
        layout.parse_log_key(key)[1]: unpack(raw)
        for key, raw in court.dump(layout.OUT)[layout.OUT].items()
    }
    assert (kept[1][:2], kept[1][4:]) == ([1, Code.OK], [chains.body_hash(good), None])
    assert (kept[2][:2], kept[2][4:]) == ([2, Code.DUP_ID], [chains.body_hash(bad), bad])


def test_effects_and_outcome_stand_or_fall_together(court: Court) -> None:
    """A transaction that dies after the push leaves neither: the same bytes are taken again."""
    author = court.author()
    bundle = author.bundle(*bodies(author, 1, 2))
    before = court.dump()

    class Crash(Exception):
        """The process ends here."""

    def work(txn: Txn) -> None:
        push(txn, court.office, bundle, court.now_ms)
        raise Crash

    with pytest.raises(Crash):
        court.store.write(work)
    assert court.dump() == before
    assert [outcome.code for outcome in court.take(bundle).outcomes] == [0, 0]


# -- a bug in the judge -----------------------------------------------------------------------------

BUGS: list[Exception] = [
    AssertionError(),
    KeyError(1),
    TypeError(),
    OverflowError(),
    struct.error(),
    RecursionError(),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
def test_a_bug_is_no_verdict(court: Court, monkeypatch: pytest.MonkeyPatch, bug: Exception) -> None:
    """The batch is undone and says on which changeset it failed; once mended, all is decided."""
    author = court.author()
    bundle = author.bundle(*bodies(author, 1, 2, 3))
    before = court.dump()
    run, calls = Judge.run, []

    def fail(judge: Judge) -> None:
        calls.append(judge)
        if len(calls) == 2:
            raise bug
        run(judge)

    monkeypatch.setattr(Judge, "run", fail)
    with pytest.raises(JudgeFault) as caught:
        court.take(bundle)
    assert caught.value.dot == Dot(author.replica, 2)
    assert caught.value.done == 1
    assert court.dump() == before
    assert court.take(bundle).processed == 3


def test_trouble_with_the_store_is_no_bug(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store says about itself goes on as it is, to whoever can do something about it."""

    def fail(judge: Judge) -> None:
        raise Trouble("STORE_DAMAGED", "torn")

    monkeypatch.setattr(Judge, "run", fail)
    author = court.author()
    with pytest.raises(Trouble) as caught:
        court.take(author.bundle(*bodies(author, 1)))
    assert caught.value.code == "STORE_DAMAGED"


# -- NEED: causal delivery ----------------------------------------------------------------------------


def test_a_context_waits_for_what_its_author_had_seen(court: Court) -> None:
    """NEED names each foreign origin from the first counter that is missing, in a fixed order."""
    one, two, three = court.author(), court.author(), court.author()
    one.do(create(FIRM, 1))
    foreign = {three.replica: 2, one.replica: 3}
    bundle = two.bundle(encode_entry(two.entry(create(FIRM, 5), foreign=foreign)))
    before = court.dump()
    pushed = court.take(bundle)
    assert pushed.outcomes == []
    assert pushed.need == [(one.replica, 2, 3), (three.replica, 1, 2)]
    assert court.dump() == before
    for author, number in ((one, 2), (one, 3), (three, 6), (three, 7)):
        author.do(create(FIRM, number))
    assert court.take(bundle).processed == 1


def test_an_origin_nobody_knows_is_missing_from_the_start(court: Court) -> None:
    """A context may name a replica that has never been here."""
    author = court.author()
    foreign = {b"stranger": 4}
    pushed = court.take(author.bundle(encode_entry(author.entry(create(FIRM, 1), foreign=foreign))))
    assert pushed.need == [(b"stranger", 1, 4)]


def test_what_came_before_the_missing_is_decided(court: Court) -> None:
    """The entries ahead of the one that waits are; those behind it wait too."""
    one, two = court.author(), court.author()
    waiting = encode_entry(two.entry(create(FIRM, 2), foreign={one.replica: 1}))
    first, last = bodies(two, 1, 3)
    pushed = court.take(two.bundle(first, waiting, last))
    assert (pushed.processed, len(pushed.outcomes)) == (1, 1)
    assert pushed.need == [(one.replica, 1, 1)]
    assert not court.alive(FIRM, 3)


def test_what_it_stands_on_is_waited_for(court: Court) -> None:
    """A hard dependency on another origin is part of the past, whether the context says so or not:
    judged too early it could not be refused with its cause."""
    one, two = court.author(), court.author()
    entry = two.entry(create(FIRM, 2), hard=(Dot(one.replica, 1),))
    bundle = two.bundle(encode_entry(entry))
    assert court.take(bundle).need == [(one.replica, 1, 1)]
    assert one.say(create(FIRM, 1, size=-1)).code is Code.INVALID
    assert [outcome.code for outcome in court.take(bundle).outcomes] == [Code.DEP]


def test_what_was_seen_of_a_peer_counts_as_seen(court: Court) -> None:
    """A foreign dot in the context is seen though its seq is above the base: no conflict."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 1}), clock_ms=10)
    two.do(put(FIRM, 1, {SIZE: 2}), base=base, clock_ms=5, foreign={one.replica: 2})
    assert court.records() == {}
    assert court.the_row(FIRM, 1)[5][SIZE] == 2


def test_a_body_that_is_no_changeset_waits_for_nothing(court: Court) -> None:
    """It has no past to wait for: it is refused at once."""
    author = court.author()
    pushed = court.take(author.bundle(b"\xff\xff", *bodies(author, 1)))
    assert [outcome.code for outcome in pushed.outcomes] == [Code.INVALID, Code.OK]


# -- FORK -------------------------------------------------------------------------------------------


def twin(author: Author, edit: Callable[[Bundle], Bundle]) -> None:
    """Push what a copy of the store would: refused as a fork, nothing written."""
    court = author.court
    before = court.dump()
    with pytest.raises(Trouble) as caught:
        court.take(edit(Bundle(author.replica, author.ctr + 1, author.chain, [])))
    assert caught.value.code == "FORK"
    assert caught.value.details["processed"] == author.ctr
    assert court.dump() == before


def test_other_bytes_under_a_decided_counter_are_a_fork(court: Court) -> None:
    """A copied store reuses counters: what differs is not dropped as done."""
    author = court.author()
    court.take(author.bundle(*bodies(author, 1, 2)))
    first = encode_entry(author.entry(create(FIRM, 1), salt=7))
    twin(author, lambda _: Bundle(author.replica, 1, chains.CHAIN_START, [first]))


def test_another_past_is_a_fork(court: Court) -> None:
    """The next counter, but on a chain that is not the hub's."""
    author = court.author()
    court.take(author.bundle(*bodies(author, 1)))
    (body,) = bodies(author, 2)
    twin(author, lambda next_: next_._replace(prev_chain=b"?" * 32, entries=[body]))


def test_another_past_shows_through_equal_entries(court: Court) -> None:
    """The same bytes on a chain that is not theirs: an older difference is found by the chain."""
    author = court.author()
    first, second, third = bodies(author, 1, 2, 3)
    court.take(author.bundle(first, second))
    twin(author, lambda _: Bundle(author.replica, 2, b"?" * 32, [second, third]))


def test_an_empty_bundle_shows_a_fork(court: Court) -> None:
    """Asking how far it is says which past one has."""
    author = court.author()
    court.take(author.bundle(*bodies(author, 1)))
    twin(author, lambda next_: next_._replace(prev_chain=b"?" * 32))


# -- EPOCH ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", ["epoch", "older epoch", "base", "rows"])
def test_a_future_the_hub_has_not_stops_it(court: Court, ahead: str) -> None:
    """EPOCH: the hub was restored from a backup, and nothing is judged by numbers given twice."""
    author = court.author()
    author.do(create(FIRM, 1))
    how = {
        "epoch": {"epoch": 2},
        "older epoch": {"epoch": 0},
        "base": {"base": 2},
        "rows": {"rows": 2},
    }[ahead]
    before = court.dump()
    with pytest.raises(Trouble) as caught:
        author.say(create(FIRM, 2), **how)
    assert caught.value.code == "EPOCH"
    assert court.dump() == before


def test_what_came_before_that_future_stands(court: Court) -> None:
    """Entries of the hub's own past are decided; the next push meets the one that is not."""
    author = court.author()
    (first,) = bodies(author, 1)
    ahead = encode_entry(author.entry(create(FIRM, 2), base=99))
    pushed = court.take(author.bundle(first, ahead))
    assert (pushed.processed, len(pushed.outcomes), pushed.need) == (1, 1, [])
    with pytest.raises(Trouble, match="seq 99"):
        court.take(Bundle(author.replica, 2, author.origin().chain, [ahead]))


# -- the hub's own work -----------------------------------------------------------------------------


def test_the_hub_is_judged_like_anybody(court: Court) -> None:
    """Origin 0: one outcome for each changeset, in order; a refusal stops no other."""
    changes = [[create(FIRM, 1)], [create(FIRM, 1)], [delete(FIRM, 9)], [create(FIRM, 2)]]
    outcomes = court.store.write(
        lambda txn: write_changes(txn, court.office, changes, court.now_ms, bytes(64))
    )
    assert [outcome.code for outcome in outcomes] == [0, Code.DUP_ID, Code.GONE, 0]
    replica = court.setup.replica
    stored = court.store.read(lambda txn: [read_outcome(txn, replica, ctr) for ctr in range(1, 5)])
    assert stored == outcomes


def test_the_hub_has_seen_everything(court: Court) -> None:
    """What an administrator writes leaves no conflict record, and beats clocks ahead of the hub."""
    author = court.author()
    author.do(create(FIRM, 1, size=1), clock_ms=59_000)
    court.store.write(
        lambda txn: write_changes(
            txn, court.office, [[put(FIRM, 1, {SIZE: 2})]], court.now_ms, bytes(16)
        )
    )
    assert court.the_row(FIRM, 1)[5][SIZE] == 2
    assert court.records() == {}
