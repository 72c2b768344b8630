"""A device reduced to what a pull means: a stage, a cursor, and what it holds after a FLIP."""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.hub.office import read_origin
from satchel.hub.pull import Cursor, Response, pull
from satchel.model.conflict import OPEN
from satchel.model.feed import Item, Line
from satchel.model.row import is_dead
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack
from tests.unit.hub.court import Author, Court

Held = dict[tuple[Any, ...], bytes]
"""What a device holds, or the hub would have it hold: by kind and key."""

_LINES = {
    Item.PUT: Line.ROW, Item.TOMB: Line.ROW, Item.LINK: Line.LINK, Item.UNLINK: Line.LINK,
    Item.CONFLICT: Line.CONFLICT, Item.ORIGIN: Line.ORIGIN,
}  # fmt: skip
_KEY_ENDS = {Item.CONFLICT: 7, Item.LINK: 5, Item.UNLINK: 5, Item.ORIGIN: 4}


class Flip(NamedTuple):
    """Where a FLIP started and where it led."""

    base: int
    seq: int


class Reader:
    """Pulls as one replica."""

    def __init__(self, author: Author) -> None:
        self.author = author
        self.court: Court = author.court
        self.held: Held = {}
        self.outcomes: dict[int, tuple[int, int]] = {}
        self.seq = 0
        self.cursor: bytes | None = None
        self.stage: dict[tuple[Any, ...], list[Any]] = {}
        self.flips: list[Flip] = []

    def ask(self, bytes_max: int = 1 << 20, cursor: bytes | None = None) -> Response:
        """One response from ``cursor``, this reader's own unless given; nothing is kept."""
        key = self.court.setup.cursor_key
        at = cursor or self.cursor

        def work(txn: ReadTxn) -> Response:
            origin = read_origin(txn, self.author.replica)
            assert origin is not None
            start = Cursor.open(key, at) if at is not None else Cursor.start(1, 0)
            return pull(txn, self.court.office, origin, start, bytes_max)

        return self.court.store.read(work)

    def take(self, response: Response, upto: int | None = None, at: bytes | None = None) -> bool:
        """Stage a response, or its first ``upto`` entries and the page cursor ``at``; whether
        it ended in a FLIP, which is then installed."""
        assert response.base == self.seq
        for raw in response.entries[:upto]:
            item = unpack(raw)
            place = self._place(item)
            if place not in self.stage or self.stage[place][1] <= item[1]:
                self.stage[place] = item
        self.cursor = at or response.cursor
        if upto is not None or response.flip_to is None:
            return False
        self._install(response.flip_to)
        return True

    def step(self, bytes_max: int = 1 << 20) -> bool:
        """Ask and take."""
        return self.take(self.ask(bytes_max))

    def pull(self, bytes_max: int = 1 << 20) -> int:
        """Pull up to a FLIP; the number of responses."""
        count = 1
        while not self.step(bytes_max):
            count += 1
        return count

    def _place(self, item: list[Any]) -> tuple[Any, ...]:
        if item[0] == Item.OUTCOME:
            return ("outcome", item[2])
        start = 3 if item[0] == Item.ORIGIN else 2
        return (_LINES[item[0]], *item[start : _KEY_ENDS.get(item[0], 4)])

    def _install(self, seq: int) -> None:
        for place, item in self.stage.items():
            assert item[1] <= seq, "nothing is newer than the snapshot it came from"
            if item[0] == Item.OUTCOME:
                self.outcomes[item[2]] = (item[1], item[3])
            elif item[0] in (Item.PUT, Item.LINK, Item.CONFLICT):
                self.held[place] = item[-1]
                if item[0] == Item.CONFLICT and not unpack(item[-1])[OPEN]:
                    del self.held[place]
            elif item[0] == Item.ORIGIN:
                self.held[place] = pack(item[2:])
            else:
                self.held.pop(place, None)
        self.flips.append(Flip(self.seq, seq))
        self.seq, self.stage = seq, {}


def base_of(court: Court) -> Held:
    """What a device that stands at the head holds, read off the hub's own databases."""

    def work(txn: ReadTxn) -> Held:
        held: Held = {}
        for key, raw in txn.scan(layout.ROW):
            if not is_dead(unpack(raw)):
                held[Line.ROW, *layout.parse_hub_row_key(key)] = raw
        for key, raw in txn.scan(layout.LNK):
            if raw:
                _, stamps, hidden = unpack(raw)
                if stamps and not hidden:
                    held[Line.LINK, *layout.parse_hub_lnk_key(key)] = pack(stamps)
        for key, raw in txn.scan(layout.CNF):
            if unpack(raw)[OPEN]:
                held[Line.CONFLICT, *layout.parse_hub_cnf_key(key)] = raw
        for key, _ in txn.scan(layout.ORG):
            origin = read_origin(txn, key)
            assert origin is not None
            if origin.processed:
                held[Line.ORIGIN, key] = pack(
                    [
                        origin.number, key, origin.processed, origin.chain, None, origin.user,
                        origin.device,
                    ]
                )  # fmt: skip
        return held

    return court.store.read(work)
