"""TOO_BIG: rows and changesets are bounded, and a refused one has left nothing."""

from __future__ import annotations

from satchel.model import limits
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.model.row import VALUES
from satchel.store import layout
from satchel.wire.codec import pack
from tests.unit.hub.court import BARE, FIRM, NAME, NOTES, SIZE, Court, create, delete, put, restore

EFFECTS = (layout.ROW, layout.REF, layout.LNK, layout.CNF, layout.FEED)


def test_a_row_grown_too_big_refuses_the_whole_changeset(court: Court) -> None:
    """The second of two rows is over 1 MiB: the first is not written either."""
    author = court.author()
    half = "x" * (600 << 10)
    author.do(create(FIRM, 1), create(FIRM, 2, notes=half))
    before = court.dump(*EFFECTS)
    outcome = author.say(put(FIRM, 1, {SIZE: 7}), put(FIRM, 2, {NAME: half}))
    assert outcome.code is Code.TOO_BIG
    after = court.dump(*EFFECTS)
    for dump in (before, after):
        dump[layout.FEED] = {key: raw for key, raw in dump[layout.FEED].items() if key[8] != 3}
    assert after == before


def test_a_full_row_can_still_be_deleted(court: Court) -> None:
    """The bound is on a row's values: stamps, marks and lives never push it over."""
    author = court.author()
    most = limits.ROW_BYTES_MAX - len(pack({NAME: "", NOTES: ""})) - 8
    author.do(create(FIRM, 1, name="x" * (most // 2)))
    author.do(put(FIRM, 1, {NOTES: "y" * (most - most // 2)}))
    size = len(pack(court.the_row(FIRM, 1)[VALUES]))
    assert limits.ROW_BYTES_MAX - 16 < size <= limits.ROW_BYTES_MAX
    author.do(delete(FIRM, 1))
    author.do(restore(FIRM, 1))
    assert author.say(put(FIRM, 1, {NOTES: "y" * (most - most // 2 + 20)})).code is Code.TOO_BIG


def test_a_changeset_is_bounded(court: Court) -> None:
    """TOO_BIG: over 1,000 ops or over 1 MiB, whatever is in it."""
    author = court.author()
    wire = author.entry(*[create(BARE, n) for n in range(limits.CHANGESET_OPS_MAX)]).to_wire()
    wire[5] = [*wire[5], create(BARE, 5_000)]
    assert author.send(pack(wire)).code is Code.TOO_BIG
    assert author.send(bytes(limits.CHANGESET_BYTES_MAX + 1)).code is Code.TOO_BIG
    assert court.dump(layout.ROW)[layout.ROW] == {}


def test_what_a_changeset_stands_on_is_bounded(court: Court) -> None:
    """TOO_BIG: each dependency, and each origin of a context, is one look into the store."""
    author = court.author()
    most = limits.JUDGE_ROWS_MAX
    causes = tuple(Dot(author.replica, 0) for _ in range(most + 1))
    assert author.say(create(BARE, 1), hard=causes).code is Code.TOO_BIG
    foreign = {number.to_bytes(8, "big"): 0 for number in range(most + 1)}
    assert author.say(create(BARE, 1), foreign=foreign).code is Code.TOO_BIG
    author.do(create(BARE, 1), hard=causes[1:])
