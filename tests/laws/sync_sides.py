"""A tiny hub and a tiny store, for the laws of the sync machines.

The hub's feed is a list of lines that never change, the seq of a line being its place; a
response holds two pages of two lines.  That is all a session can see of a real hub.  Both
sides check what reaches them: no gap and no second contents under a counter, no FLIP
without its lines.
"""

from __future__ import annotations

from hashlib import blake2b

from satchel.sync.answers import Answer, Flip, HelloOk, More, Page, Pulled, Pushed, SchemaOk
from satchel.sync.effects import Send, StagePage
from satchel.sync.events import Standing
from satchel.wire.frame import FrameType

ORG, REPLICA, EPOCH = b"o" * 16, b"r" * 8, 5
PAGE_LINES, RESPONSE_LINES = 2, 4


def chain_at(ctr: int) -> bytes:
    """What stands for the chain of the one replica's entries up to ``ctr``."""
    return blake2b(b"%d" % ctr, digest_size=32).digest()


def body(ctr: int) -> bytes:
    """The one changeset that ever has this counter."""
    return b"changeset %d" % ctr


class Hub:
    """Decides each counter once, and keeps a feed of everything decided and of others' work."""

    def __init__(self) -> None:
        self.feed: list[str] = []
        self.processed = 0
        self.schema = 1
        self.links = 0
        self.known_link = b""
        self.needs = 0  # so many pushes are answered with NEED

    def answer(self, send: Send) -> Answer | str:
        """The answer to a request, or the code of the refusal."""
        if send.frame_type is FrameType.HELLO:
            self.links += 1
            self.known_link = self.links.to_bytes(16, "big")
            return HelloOk(
                1, EPOCH, self.schema, self.processed, chain_at(self.processed),
                self.known_link, 0, len(self.feed),
            )  # fmt: skip
        if send.link != self.known_link:
            return "UNKNOWN_LINK"
        if send.frame_type is FrameType.SCHEMA:
            return SchemaOk(self.schema, b"")
        if send.frame_type is FrameType.PUSH:
            return self.push(send.payload["bundle"])
        return self.pull(send.payload["cursor"])

    def push(self, bundle: list[object]) -> Pushed:
        _, replica, first, _, entries, last, _ = bundle
        assert isinstance(first, int)
        assert isinstance(entries, list)
        assert (replica, last) == (REPLICA, first + len(entries) - 1)
        assert first <= self.processed + 1, "a gap in the counters"
        need: tuple[tuple[bytes, int, int], ...] = ()
        for ctr, entry in enumerate(entries, first):
            assert entry == body(ctr), "other bytes under the same counter"
            if ctr <= self.processed:
                continue
            if self.needs:
                self.needs -= 1
                need = ((b"q" * 8, 1, 1),)
                break
            self.processed = ctr
            self.feed.append(f"own {ctr}")
        return Pushed(self.processed, (), need, len(self.feed), 0)

    def pull(self, cursor: bytes | None) -> Pulled:
        base, after = map(int, (cursor or b"0 0").split())
        lines = list(enumerate(self.feed, 1))[after : after + RESPONSE_LINES]
        pages = tuple(
            Page([list(line) for line in lines[start : start + PAGE_LINES]], None)
            for start in range(0, len(lines), PAGE_LINES)
        )
        head = len(self.feed)
        reached = after + len(lines)
        if reached < head:
            return Pulled(pages, More(b"%d %d" % (base, reached), head))
        whole = b"%d %d" % (head, head)
        return Pulled(pages, Flip(EPOCH, base, whole, head, [], self.schema, None, None, 0, None))

    def has_news(self, send: Send) -> bool:
        """Whether a poll would be answered at once."""
        return send.link != self.known_link or len(self.feed) > int(
            (send.payload["cursor"] or b"0 0").split()[1]
        )


class Store:
    """A log, a BASE and a stage.  FLIP refuses to install what is not all there."""

    def __init__(self) -> None:
        self.log: dict[int, bytes] = {}
        self.head_ctr = 0
        self.schema = 1
        self.epoch: int | None = None
        self.base: dict[int, str] = {}
        self.s = 0
        self.stage: dict[int, str] = {}
        self.stage_cursor: bytes | None = None
        self.steps_left = 0

    def standing(self) -> Standing:
        base_cursor = b"%d %d" % (self.s, self.s) if self.epoch is not None else None
        return Standing(
            ORG, REPLICA, b"", self.schema, self.epoch, self.s,
            self.stage_cursor or base_cursor, self.head_ctr,
        )  # fmt: skip

    def stage_page(self, page: StagePage) -> None:
        if page.from_s == self.s:
            self.stage.update((seq, line) for seq, line in page.entries)
            self.stage_cursor = page.cursor or self.stage_cursor

    def install(self, flip: Flip) -> str:
        if (flip.from_s, flip.epoch) != (self.s, EPOCH):
            self.stage, self.stage_cursor = {}, None
            return "ignored"
        if flip.schema > self.schema:
            return f"needs_schema:{flip.schema}"
        if self.steps_left:
            self.steps_left -= 1
            return "building"
        missing = set(range(self.s + 1, flip.s + 1)) - set(self.stage)
        assert not missing, f"a FLIP without its lines {sorted(missing)}"
        self.base |= {seq: line for seq, line in self.stage.items() if seq <= flip.s}
        for line in self.base.values():
            if line.startswith("own "):
                self.log.pop(int(line.removeprefix("own ")), None)
        self.s, self.epoch = flip.s, flip.epoch
        self.stage, self.stage_cursor = {}, None
        return "installed"
