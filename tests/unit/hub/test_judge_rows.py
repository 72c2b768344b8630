"""The verdict on creates, sets, groups and upserts: codes, and what is left of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model import changeset as cs
from satchel.model import hlc, limits
from satchel.model.changeset import Op
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.model.row import BASE, HLC, LIFE, SEQ, STAMPS, UPSERTED, VALUES, stamp_of
from satchel.store import layout
from satchel.wire.codec import pack
from tests.unit.hub.court import (
    ADDRESS,
    BARE,
    BOSS,
    CITY,
    FIRM,
    NAME,
    NOTES,
    OWNER,
    PERSON,
    SIZE,
    STREET,
    Court,
    address,
    create,
    delete,
    link,
    put,
    restore,
    row_id,
    to,
    unlink,
    upsert,
)

EFFECTS = (layout.ROW, layout.REF, layout.LNK, layout.CNF)
"""Where an accepted changeset leaves something that a refused one does not."""


def test_a_create_is_filed_under_its_stamp(court: Court) -> None:
    """Row, stamp and seq of a create are the changeset's."""
    author = court.author()
    seq = author.do(create(FIRM, 1, size=5))
    row = court.the_row(FIRM, 1)
    assert (row[SEQ], row[VALUES]) == (seq, {NAME: "row 1", SIZE: 5})
    assert row[BASE][1:] == [author.number, 1, seq]


@pytest.mark.parametrize("state", ["alive", "dead", "restored"])
def test_an_id_is_used_once(court: Court, state: str) -> None:
    """Create of an id that exists or existed is DUP_ID, whoever says it."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1))
    if state != "alive":
        one.do(delete(FIRM, 1))
    if state == "restored":
        one.do(restore(FIRM, 1))
    assert one.say(create(FIRM, 1)).code is Code.DUP_ID
    assert two.say(create(FIRM, 1), base=0).code is Code.DUP_ID
    assert two.say(create(FIRM, 2), create(FIRM, 2)).code is Code.DUP_ID


def test_ids_are_per_table(court: Court) -> None:
    """Two tables may use one id."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 1))
    assert court.alive(FIRM, 1)
    assert court.alive(PERSON, 1)


def test_columns_and_groups_are_set_apart(court: Court) -> None:
    """Each register gets its own stamp, the others keep the create's."""
    author = court.author()
    author.do(create(FIRM, 1, size=5, city="Oslo"))
    author.do(put(FIRM, 1, {SIZE: 6}), address(1, "Rome", "Via"))
    row = court.the_row(FIRM, 1)
    assert row[VALUES] == {NAME: "row 1", CITY: "Rome", STREET: "Via", SIZE: 6}
    assert sorted(row[STAMPS]) == [SIZE, ADDRESS]
    assert stamp_of(row, NAME) == row[BASE]


def test_an_unknown_row_is_gone(court: Court) -> None:
    """Any op but a create or upsert, on an id the hub does not know, is GONE."""
    author = court.author()
    ops: list[Op] = [
        put(FIRM, 1, {SIZE: 1}),
        address(1, "Rome", None),
        delete(FIRM, 1),
        restore(FIRM, 1),
    ]
    for op in ops:
        assert author.say(op).code is Code.GONE, op


def test_a_dead_row_takes_no_edit(court: Court) -> None:
    """Set, group and upsert of a row that died, itself or under another, are GONE."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    author.do(delete(FIRM, 1))
    ops: list[Op] = [
        put(FIRM, 1, {SIZE: 1}),
        address(1, "Rome", None),
        upsert(FIRM, 1, {NAME: "again"}, {}),
        put(PERSON, 2, {NAME: "Ann"}),
    ]
    for op in ops:
        outcome = author.say(op)
        assert outcome.code is Code.GONE, op
        assert outcome.detail is not None
        assert "deleted" in outcome.detail["message"]


def test_upserts_of_one_id_merge(court: Court) -> None:
    """The first makes the row, the second sets what it names; neither depends on the other, and
    what only the earlier clock said is kept."""
    one, two = court.author(), court.author()
    one.do(upsert(FIRM, 1, {NAME: "firm", SIZE: 5}, {}), base=0, clock_ms=9)
    two.do(
        upsert(FIRM, 1, {NAME: "firm"}, {ADDRESS: {CITY: "Oslo", STREET: None}}),
        base=0,
        clock_ms=1,
    )
    row = court.the_row(FIRM, 1)
    assert row[VALUES] == {NAME: "firm", CITY: "Oslo", SIZE: 5}
    assert row[LIFE][UPSERTED] == 1
    assert court.records() == {}


# -- INVALID ---------------------------------------------------------------------------------------

INVALID: dict[str, tuple[list[Op], str | None]] = {
    "unknown table": ([create(FIRM, 9), [cs.CREATE, 77, row_id(1), {NAME: "x"}]], None),
    "a table number beyond any": ([put(1 << 40, 1, {NAME: "x"})], None),
    "unknown column": ([[cs.CREATE, FIRM, row_id(1), {NAME: "x", 99: 1}]], "UNKNOWN_COLUMN"),
    "wrong type": ([create(FIRM, 1, size="five")], "WRONG_TYPE"),
    "out of range": ([create(FIRM, 1, size=-1)], "OUT_OF_RANGE"),
    "lookup to the wrong table": ([create(FIRM, 1, boss=to(FIRM, 1))], "WRONG_TARGET"),
    "missing required": ([[cs.CREATE, FIRM, row_id(1), {SIZE: 1}]], "MISSING_COLUMN"),
    "required made null": ([create(FIRM, 1), put(FIRM, 1, {NAME: None})], "MISSING_COLUMN"),
    "a group in part": (
        [create(FIRM, 1), [cs.GROUP, FIRM, row_id(1), ADDRESS, {CITY: "Oslo"}]],
        "MISSING_COLUMN",
    ),
    "a stranger in a group": (
        [
            create(FIRM, 1),
            [cs.GROUP, FIRM, row_id(1), ADDRESS, {CITY: "a", STREET: "b", SIZE: 1}],
        ],
        "UNKNOWN_COLUMN",
    ),
    "a grouped column alone": ([create(FIRM, 1), put(FIRM, 1, {CITY: "x"})], "UNKNOWN_COLUMN"),
    "a group as a column": ([create(FIRM, 1), put(FIRM, 1, {ADDRESS: "x"})], "MISSING_COLUMN"),
    "upsert naming a column twice": ([upsert(FIRM, 1, {SIZE: 1}, {SIZE: {SIZE: 2}})], None),
    "upsert of no such group": (
        [upsert(FIRM, 1, {NAME: "x"}, {55: {SIZE: 2}})],
        "UNKNOWN_COLUMN",
    ),
    "unknown relationship": ([link(99, 1, 2)], None),
    "unknown relationship, removed": ([unlink(99, 1, 2, Dot(b"12345678", 1))], None),
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
def test_what_the_schema_forbids_is_invalid(court: Court, case: str) -> None:
    """INVALID, with the rule's own code and a sentence, and nothing of the changeset is kept."""
    ops, rule = INVALID[case]
    outcome = court.author().say(*ops)
    assert outcome.code is Code.INVALID
    assert outcome.detail is not None
    assert outcome.detail.get("rule_code") == rule
    assert outcome.detail["message"]
    assert all(not rows for rows in court.dump(*EFFECTS).values())


def test_a_body_that_is_no_changeset_is_invalid(court: Court) -> None:
    """Its counter is decided like any other, and the next one is judged."""
    author = court.author()
    assert author.send(b"\xc1").code is Code.INVALID
    assert author.send(pack(["nonsense"])).code is Code.INVALID
    assert author.do(create(FIRM, 1)) == 3


def test_a_refusal_says_what_a_stranger_sent_in_short(court: Court) -> None:
    """However long the bad part, the sentence that travels back is short."""
    author = court.author()
    long = "x" * 900_000
    for body in (pack([long]), pack([7, long]), pack([-1]), pack({long: 1}), pack([long.encode()])):
        outcome = author.send(body)
        assert outcome.code is Code.INVALID
        assert len(pack(outcome.detail)) < 1_000


RESERVED: list[Op] = [
    [3, FIRM, row_id(1), SIZE, 1, [b"12345678", 1]],
    [8, FIRM, row_id(1), NOTES, 1, b""],
    [9, FIRM, row_id(1), NOTES, b"", 1, "text/plain"],
    [10, FIRM, row_id(1), NAME, "x", []],
    [11, FIRM, row_id(1), row_id(2)],
    [12, FIRM, row_id(1), row_id(2), 1],
    [13, "qualify", []],
    [14, FIRM, row_id(1), SIZE, [1], []],
    [16, FIRM, row_id(1), {}],
]


@pytest.mark.parametrize("op", RESERVED, ids=lambda op: str(op[0]))
def test_ops_of_later_versions_are_refused_cleanly(court: Court, op: Op) -> None:
    """A reserved op is INVALID with UNSUPPORTED, and takes the rest of its changeset along."""
    author = court.author()
    outcome = author.say(create(FIRM, 1), op)
    assert outcome.code is Code.INVALID
    assert outcome.detail is not None
    assert outcome.detail["rule_code"] == "UNSUPPORTED"
    assert court.row(FIRM, 1) is None


def test_guards_and_holes_are_refused_cleanly(court: Court) -> None:
    """What only later versions say about a changeset is UNSUPPORTED too."""
    author = court.author()
    wire: list[Any] = author.entry(create(FIRM, 1)).to_wire()
    for place, value in ((6, [[1]]), (3, [1, 0, 0, {}, [[b"12345678", 1]]]), (0, 2)):
        changed = list(wire)
        changed[place] = value
        outcome = author.send(pack(changed))
        assert outcome.code is Code.INVALID
        assert outcome.detail is not None
        assert outcome.detail["rule_code"] == "UNSUPPORTED"


def test_a_schema_of_the_future_is_not_judged(court: Court) -> None:
    """SCHEMA: the hub must be told of the tables first."""
    assert court.author().say(create(FIRM, 1), schema=2).code is Code.SCHEMA


# -- CONFLICT by policy -----------------------------------------------------------------------------


def test_a_column_never_merged_silently(court: Court) -> None:
    """Policy reject: who had not seen the present value is refused, with table and column."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, owner="a"))
    one.do(put(FIRM, 1, {OWNER: "b"}))
    outcome = two.say(put(FIRM, 1, {SIZE: 1, OWNER: "c"}), base=base)
    assert outcome.code is Code.CONFLICT
    assert outcome.detail is not None
    assert (outcome.detail["table"], outcome.detail["column"]) == ("firm", "owner")
    assert court.the_row(FIRM, 1)[VALUES] == {NAME: "row 1", OWNER: "b"}
    two.do(put(FIRM, 1, {OWNER: "c"}))


def test_a_restored_row_is_never_merged_silently(court: Court) -> None:
    """Who had only the tombstone has not seen the owner that the restore brought back."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1, owner="a"))
    dead = one.do(delete(FIRM, 1))
    one.do(restore(FIRM, 1))
    assert two.say(put(FIRM, 1, {OWNER: "c"}), base=dead).code is Code.CONFLICT
    two.do(put(FIRM, 1, {OWNER: "c"}))


def test_an_owner_that_nobody_gave_may_be_set_unseen(court: Court) -> None:
    """Policy reject protects a value; where there never was one there is nothing to lose."""
    one, two = court.author(), court.author()
    one.do(upsert(FIRM, 1, {NAME: "n"}, {}), base=0)
    two.do(upsert(FIRM, 1, {NAME: "n", OWNER: "c"}, {}), base=0)
    assert court.the_row(FIRM, 1)[VALUES][OWNER] == "c"


# -- the clock ----------------------------------------------------------------------------------------


def test_a_clock_far_ahead_is_lowered(court: Court) -> None:
    """A stamp more than a minute ahead of the hub is clamped; the outcome keeps what it became."""
    author = court.author()
    ahead = limits.CLOCK_AHEAD_MS_MAX
    outcome = author.say(create(FIRM, 1), clock_ms=10 * ahead)
    assert outcome.clock == hlc.from_ms(court.now_ms + ahead)
    assert court.the_row(FIRM, 1)[BASE][HLC] == outcome.clock


def test_a_clock_behind_is_kept(court: Court) -> None:
    """The hub dates nothing: a clamp only lowers."""
    outcome = court.author().say(create(FIRM, 1), clock_ms=-86_400_000)
    assert outcome.clock == hlc.from_ms(court.now_ms - 86_400_000)


def test_a_clamped_write_still_beats_what_it_has_seen(court: Court) -> None:
    """After the hub's clock was set back, a later write that saw the value rises above it."""
    author = court.author()
    author.do(create(FIRM, 1, size=1), clock_ms=50_000)
    court.now_ms -= 3_600_000
    author.do(put(FIRM, 1, {SIZE: 2}))
    row = court.the_row(FIRM, 1)
    assert row[VALUES][SIZE] == 2
    assert stamp_of(row, SIZE)[HLC] == row[BASE][HLC] + 1


# -- a refusal leaves nothing ------------------------------------------------------------------------


def test_a_refused_changeset_leaves_nothing_but_its_outcome(court: Court) -> None:
    """Whatever its other ops would have done, rows, references, links and records are as before."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2), create(BARE, 3))
    before = court.dump(*EFFECTS)
    outcome = author.say(
        put(FIRM, 1, {BOSS: to(PERSON, 2)}),
        link(40, 1, 2),
        delete(BARE, 3),
        create(PERSON, 4, works_at=to(FIRM, 1)),
        put(FIRM, 99, {SIZE: 1}),
    )
    assert outcome.code is Code.GONE
    assert court.dump(*EFFECTS) == before
