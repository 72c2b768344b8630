"""Laws of the judge: after any changesets, what is derived is what a walk from scratch derives,
a refusal has left nothing, and no accepted value has gone unsaid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.model import changeset as cs
from satchel.model.changeset import Op
from satchel.model.conflict import LOSER, ConflictKind
from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED
from satchel.model.row import (
    CTR,
    GONE,
    LENGTH,
    LIFE,
    ORIGIN,
    SEQ,
    UNDER,
    VALUES,
    Row,
    is_dead,
    stamp_of,
)
from satchel.store import layout
from satchel.wire.codec import unpack
from tests.unit.hub.court import (
    ABOUT,
    FIRM,
    KNOWS,
    MAIN,
    NAME,
    NOTE,
    PARENT,
    PERSON,
    SIZE,
    UNIT,
    WORKS_AT,
    Author,
    Court,
    create,
    delete,
    link,
    new_court,
    put,
    restore,
    row_id,
    to,
    unlink,
)

EFFECTS = (layout.ROW, layout.REF, layout.LNK, layout.CNF)
FEW = st.integers(1, 3)
LIVES = st.integers(1, 3)

CASCADES = {(PERSON, WORKS_AT), (NOTE, ABOUT)}
FORGETS = {(FIRM, PARENT), (FIRM, MAIN)}

_Ops = st.one_of(
    st.builds(lambda n, unit: create(FIRM, n, **unit), FEW, st.just({})),
    st.builds(lambda n, at: create(PERSON, n, works_at=to(FIRM, at)), FEW, FEW),
    st.builds(lambda n, t, at: create(NOTE, n, about=to(t, at)), FEW,
              st.sampled_from((FIRM, PERSON)), FEW),
    st.builds(lambda n: create(UNIT, n), FEW),
    st.builds(lambda n, to_: put(FIRM, n, {PARENT: to(FIRM, to_)}), FEW, FEW),
    st.builds(lambda n, to_: put(FIRM, n, {MAIN: to(PERSON, to_)}), FEW, FEW),
    st.builds(lambda n, to_: put(FIRM, n, {8: to(UNIT, to_)}), FEW, FEW),
    st.builds(lambda n, to_: put(PERSON, n, {WORKS_AT: to(FIRM, to_)}), FEW, FEW),
    st.builds(lambda n, to_: put(NOTE, n, {ABOUT: to(PERSON, to_)}), FEW, FEW),
    st.builds(lambda n: put(PERSON, n, {WORKS_AT: None}), FEW),
    st.builds(lambda t, n, k: delete(t, n, 2 * k), st.sampled_from((FIRM, PERSON, NOTE, UNIT)),
              FEW, LIVES),
    st.builds(lambda t, n, k: restore(t, n, 2 * k + 1), st.sampled_from((FIRM, PERSON, NOTE, UNIT)),
              FEW, LIVES),
    st.builds(lambda a, b: link(KNOWS, a, b), FEW, FEW),
)  # fmt: skip


class Said(NamedTuple):
    """A changeset to be pushed: by whom, ops, and how far behind the head its author stood."""

    author: int
    ops: list[Op]
    behind: int
    clock_ms: int


SAYINGS = st.lists(
    st.builds(
        Said, st.integers(0, 2), st.lists(_Ops, min_size=1, max_size=3),
        st.integers(0, 6), st.integers(-50, 50),
    ),
    max_size=30,
)  # fmt: skip


def family(author: Author) -> None:
    """Rows to begin with: firms, persons at them, notes about them, all linked."""
    author.do(*[create(FIRM, n) for n in (1, 2, 3)], create(UNIT, 1))
    author.do(*[create(PERSON, n, works_at=to(FIRM, n)) for n in (1, 2, 3)])
    author.do(*[create(NOTE, n, about=to(PERSON, n)) for n in (1, 2, 3)])
    author.do(link(KNOWS, 1, 1), link(KNOWS, 2, 1))


def rows_of(court: Court) -> dict[tuple[int, bytes], Row]:
    """Every row of the hub."""
    found = court.dump(layout.ROW)[layout.ROW]
    return {layout.parse_hub_row_key(key): unpack(raw) for key, raw in found.items()}


def lookups(key: tuple[int, bytes], row: Row) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """(column, target) of each lookup in a row."""
    for column, value in row[VALUES].items():
        if isinstance(value, list):
            yield column, (value[0], value[1])


def check_derived(court: Court) -> None:
    """Marks, references, hidden links and the feed, against a walk from scratch (I11, I12, I21)."""
    rows = rows_of(court)

    def dead(key: tuple[int, bytes]) -> bool:
        return rows[key][LIFE][LENGTH] % 2 == 0 or under(key)

    def under(key: tuple[int, bytes]) -> bool:
        return any(
            (key[0], column) in CASCADES and dead(target)
            for column, target in lookups(key, rows[key])
        )

    references: set[tuple[bytes, bytes]] = set()
    for key, row in rows.items():
        assert (row[UNDER] == 1) == under(key)
        gone = [c for c, target in lookups(key, row) if (key[0], c) in FORGETS and dead(target)]
        assert (row[GONE] or []) == gone
        references.update((target[1], key[1]) for _, target in lookups(key, row))
    stored = [layout.parse_hub_ref_key(key) for key in court.dump(layout.REF)[layout.REF]]
    assert {(target, rec) for target, _, rec in stored} == references
    for raw_key, raw in court.dump(layout.LNK)[layout.LNK].items():
        if raw:
            _, left, right = layout.parse_hub_lnk_key(raw_key)
            _, stamps, hidden = unpack(raw)
            if stamps:
                assert bool(hidden) == (dead((FIRM, left)) or dead((PERSON, right)))
    lines = [layout.parse_feed_key(key) for key in court.dump(layout.FEED)[layout.FEED]]
    filed = {(key, seq) for seq, kind, key in lines if kind == 0}
    assert filed == {(layout.hub_row_key(*key), row[SEQ]) for key, row in rows.items()}


@settings(max_examples=150)
@given(SAYINGS)
def test_what_follows_from_rows_follows(sayings: list[Said]) -> None:
    """Whatever is pushed: derived state equals its recomputation, refusals leave no trace, and
    every seq has one outcome."""
    with new_court() as court:
        authors = [court.author() for _ in range(3)]
        family(authors[0])
        for said in sayings:
            before = court.dump(*EFFECTS)
            outcome = authors[said.author].say(
                *said.ops, base=max(0, court.head - said.behind), clock_ms=said.clock_ms
            )
            if outcome.code not in ACCEPTED:
                assert court.dump(*EFFECTS) == before
            assert outcome.seq == court.head
        check_derived(court)


class Write(NamedTuple):
    """An accepted write of the size of a firm, or an accepted life of a row."""

    dot: tuple[int, int]
    seq: int
    base: int
    ops: list[Op]

    def saw(self, other: Write) -> bool:
        """By the plain rule; what a restore hides can only add records."""
        if other.dot[0] == self.dot[0]:
            return other.dot[1] <= self.dot[1]
        return other.seq <= self.base


_Story = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["size", "size", "phone", "phone", "delete firm", "delete person",
                         "restore"]),
        st.integers(0, 5),
        st.integers(-9, 9),
    ),
    max_size=14,
)  # fmt: skip


def _op(court: Court, wish: str, value: int) -> Op:
    """The op of a wish: lives are led from where they stand, as an author that saw them would."""
    firm, person = court.the_row(FIRM, 1), court.the_row(PERSON, 2)
    length = {"firm": firm[LIFE][LENGTH], "person": person[LIFE][LENGTH]}
    if wish == "size":
        return put(FIRM, 1, {SIZE: value})
    if wish == "phone":
        return put(PERSON, 2, {3: str(value)})
    if wish == "restore":
        table, number, life = (
            (FIRM, 1, length["firm"]) if length["firm"] % 2 == 0 else (PERSON, 2, length["person"])
        )
        return restore(table, number, life + 1 if life % 2 == 0 else 3)
    name = wish.split()[1]
    table, number = (FIRM, 1) if name == "firm" else (PERSON, 2)
    return delete(table, number, length[name] + length[name] % 2)


def _check_told(court: Court, writes: list[Write], told: set[tuple[int, int]]) -> None:
    """Each value is in its row, or knowingly overwritten, or told; and where its row is dead, the
    delete that holds it down knew of it, or it is told (I20)."""
    rows = {(FIRM, SIZE): court.the_row(FIRM, 1), (PERSON, 3): court.the_row(PERSON, 2)}
    for write in writes:
        for op in write.ops:
            if op[0] != cs.SET or write.dot in told:
                continue
            (column,) = op[3]
            row = rows[op[1], column]
            stamp = stamp_of(row, column)
            if (stamp[ORIGIN], stamp[CTR]) != write.dot:
                later = [w for w in writes if any(o[0] == cs.SET and o[1] == op[1] for o in w.ops)]
                assert any(w is not write and w.saw(write) for w in later), write
            elif is_dead(row):
                holding = _deletes(writes, op[1], row)
                assert all(w.saw(write) for w in holding), (write, holding)


def _deletes(writes: list[Write], table: int, row: Row) -> list[Write]:
    """The deletes in force over a row: its own if its life is even, its firm's if it is under."""
    tables = [table] if row[LIFE][LENGTH] % 2 == 0 else []
    if row[UNDER]:
        tables.append(FIRM)
    found = []
    for one in tables:
        own = [w for w in writes if any(o[0] == cs.DELETE and o[1] == one for o in w.ops)]
        found.append(max(own, key=lambda w: max(o[3] for o in w.ops)))
    return found


@settings(max_examples=300)
@given(_Story)
def test_no_accepted_value_goes_unsaid(story: list[tuple[int, str, int, int]]) -> None:
    """Edits, deletes of a row and of the row above it, restores, by people who did or did not
    know of each other: whoever lost something unseen hears of it."""
    with new_court() as court:
        authors = [court.author() for _ in range(3)]
        authors[0].do(create(FIRM, 1, size=0), create(PERSON, 2, works_at=to(FIRM, 1), phone="0"))
        writes: list[Write] = []
        for value, (who, wish, behind, clock_ms) in enumerate(story, 1):
            op = _op(court, wish, value)
            base = max(1, court.head - behind)
            author = authors[who]
            outcome = author.say(op, base=base, clock_ms=clock_ms)
            if outcome.code in ACCEPTED:
                writes.append(Write((author.number, author.ctr), outcome.seq, base, [op]))
        told = {(r[LOSER][ORIGIN], r[LOSER][CTR]) for r in court.records().values()}
        _check_told(court, writes, told)


_Marriage = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["link", "link", "unlink", "delete firm", "delete person", "restore"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


@settings(max_examples=300)
@given(_Marriage)
def test_no_accepted_link_goes_unsaid(story: list[tuple[int, str, int]]) -> None:
    """An add is live, or was replaced or removed by someone who knew it, or is told."""
    with new_court() as court:
        authors = [court.author() for _ in range(3)]
        authors[0].do(create(FIRM, 1), create(PERSON, 2))
        adds: dict[tuple[int, int], Write] = {}
        removed: set[tuple[int, int]] = set()
        deletes: dict[str, Write] = {}
        for who, wish, behind in story:
            author, base = authors[who], max(1, court.head - behind)
            state = court.link(KNOWS, 1, 2)
            live = [(stamp[ORIGIN], stamp[CTR]) for stamp in state[0]] if state else []
            op: Op = _op(court, wish, 0) if wish not in ("link", "unlink") else link(KNOWS, 1, 2)
            if wish == "unlink":
                known = [dot for dot in live if adds[dot].seq <= base or dot[0] == author.number]
                if not known:
                    continue
                dots = [Dot(authors[origin - 1].replica, ctr) for origin, ctr in known]
                op = unlink(KNOWS, 1, 2, *dots)
                removed.update(known)
            outcome = author.say(op, base=base)
            if outcome.code not in ACCEPTED:
                continue
            write = Write((author.number, author.ctr), outcome.seq, base, [op])
            if wish == "link":
                adds[write.dot] = write
            elif wish.startswith("delete"):
                present = deletes.setdefault(wish, write)
                if op[3] > present.ops[0][3]:  # an equal wish came too late to count
                    deletes[wish] = write
        _check_links(court, adds, removed, list(deletes.values()))


def _check_links(
    court: Court,
    adds: dict[tuple[int, int], Write],
    removed: set[tuple[int, int]],
    deletes: list[Write],
) -> None:
    """``deletes``: the last of each end; they count only while the link is hidden."""
    state: Any = court.link(KNOWS, 1, 2) or ([], False)
    live = {(stamp[ORIGIN], stamp[CTR]) for stamp in state[0]}
    told = {
        (record[LOSER][ORIGIN], record[LOSER][CTR])
        for record in court.records().values()
        if record[1] == ConflictKind.BURIED_LINK
    }
    for dot, add in adds.items():
        if dot in told or dot in removed:
            continue
        if dot not in live:
            assert any(w is not add and w.saw(add) for w in adds.values()), add
        elif state[1]:
            ends = {FIRM: court.alive(FIRM, 1), PERSON: court.alive(PERSON, 2)}
            holding = [w for w in deletes if not ends[w.ops[0][1]]]
            assert all(w.saw(add) for w in holding), (add, holding)


def test_the_family_is_sound() -> None:
    """The rows that the laws begin with satisfy them."""
    with new_court() as court:
        family(court.author())
        check_derived(court)
        assert court.linked(KNOWS, 2, 1)
        assert court.the_row(NOTE, 3)[VALUES][NAME] == f"row {int.from_bytes(row_id(3), 'big')}"
