"""Device *one* of the story: the real engine and the real sync session over the real hub.

Performs the session's effects as the daemon's shell does, at once and in order, and keeps
every frame that went over the wire.  It decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satchel.engine import build, flip, log, outbox, stage
from satchel.engine.commit import Randomness, Request, commit
from satchel.engine.replica import Identity, Replica, create_store, read_state
from satchel.hub.answers import Answer
from satchel.hub.pulling import Idle, PullJob
from satchel.hub.pushing import PushJob
from satchel.hub.reception import Reception, Signed
from satchel.model import limits
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import Txn
from satchel.sync import answers
from satchel.sync import effects as fx
from satchel.sync import events as ev
from satchel.sync.session import Session
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import NO_LINK, SYNC_PATH, sign_request
from satchel.wire.frame import Frame, FrameReader, FrameType, encode
from tests.golden import fixed

_RESULTS = {
    flip.Installed.DONE: "installed",
    flip.Installed.IGNORED: "ignored",
    flip.Installed.TOO_LARGE: "building",
    flip.Installed.FORK: "fork",
    flip.Installed.NEEDS_SCHEMA: "needs_schema:1",
}


def post(reception: Reception, link: bytes, n: int, frame: bytes, now_ms: int) -> list[Frame]:
    """One signed request to the hub; the frames of its answer, none while it waits for news."""
    auth = sign_request(fixed.ONE_SECRET, "POST", SYNC_PATH, link, n, frame)
    signed = Signed("POST", SYNC_PATH, auth, frame)
    (request,) = FrameReader().feed(frame)
    chance = fixed.ONE_DEVICE if request.type is FrameType.ENROL else fixed.LINK
    taken = reception.take(signed, request, now_ms, chance)
    done: Answer | Idle | None
    if isinstance(taken, PushJob):
        done = taken.step(now_ms)
    elif isinstance(taken, PullJob):
        done = taken.step(now_ms, limits.PULL_BYTES_DEFAULT, taken.wait_ms > 0)
    else:
        done = taken
    if done is None or isinstance(done, Idle):
        return []
    return list(FrameReader().feed(b"".join(done.frames)))


def _understood(frame: Frame) -> answers.Answer:
    """An answer as the session takes it: what ends or belongs to a PULL as a piece of it."""
    said = answers.read_answer(frame.type, unpack(frame.payload))
    if isinstance(said, answers.Page):
        return answers.Pulled((said,), None)
    if isinstance(said, answers.More | answers.Flip):
        return answers.Pulled((), said)
    return said


class Device:
    """Device one.  ``frames``: every frame it sent and got, in order, decompressed."""

    def __init__(self, folder: Path, reception: Reception, identity: Identity) -> None:
        self.store = Store.open(folder, layout.DEVICE_DBS, sync=False)
        self.store.write(lambda txn: create_store(txn, identity, 1))
        self.replica = Replica(identity)
        self.frames: list[Frame] = []
        self.now_ms = fixed.NOW_MS
        self._reception = reception
        self._session = Session(b"golden")
        self._number = 0

    def write(self, *ops: Mapping[str, Any]) -> dict[str, Any]:
        """Commit one change; its receipt."""
        world = Randomness(self.now_ms, lambda _: fixed.SALT, lambda: fixed.ACCOUNT)
        receipt: dict[str, Any] = self.store.write(
            lambda txn: commit(txn, self.replica, ops, Request(None, 0, 0), world)
        )
        return receipt

    def start(self) -> None:
        """Say hello and download."""
        self._feed(ev.Started(*self._now()))

    def push(self) -> None:
        """Push what waits."""
        self._feed(ev.Woke(*self._now(), self._standing().head_ctr))

    def pull(self) -> None:
        """Ask for what is new, at once."""
        self._feed(ev.Asked(*self._now(), "now"))

    def _now(self) -> tuple[int, float]:
        return self.now_ms, 0.0

    def _feed(self, event: ev.Event) -> None:
        waiting = deque([event])
        while waiting:
            for effect in self._session.handle(waiting.popleft()):
                waiting += self._perform(effect)

    def _perform(self, effect: fx.Effect) -> list[ev.Event]:
        own = fixed.ONE
        match effect:
            case fx.Send():
                return self._send(effect)
            case fx.ReadStanding(_, request):
                return [ev.StandingRead(*self._now(), request, self._standing())]
            case fx.CheckChain(request, processed, chain):
                same = self.store.read(lambda txn: log.chain_matches(txn, own, processed, chain))
                return [ev.ChainChecked(*self._now(), request, same)]
            case fx.ReadOutbox(request, after, entries_max, bytes_max):
                found = self.store.read(
                    lambda txn: outbox.read_bundle(txn, own, after, entries_max, bytes_max)
                )
                return [
                    ev.OutboxRead(
                        *self._now(),
                        request,
                        found.first,
                        found.prev_chain,
                        tuple(found.entries),
                        found.last,
                    )
                ]
            case fx.SaveSchema(version, document):
                key = layout.seq_key(version)
                self.store.write(lambda txn: txn.put(layout.SCH, key, document))
            case fx.StagePage(request, epoch, base, entries, cursor):
                self.store.write(lambda txn: stage.stage(txn, epoch, base, entries, cursor))
                return [ev.Staged(*self._now(), request)]
            case fx.InstallFlip(request, wire):
                return [self._install(request, wire)]
            case fx.BuildStep(request, _):
                step = self.store.write(lambda txn: build.step(txn, self.replica, self.now_ms))
                return [ev.Flipped(*self._now(), request, _RESULTS[step])]
        return []

    def _send(self, send: fx.Send) -> list[ev.Event]:
        request = Frame(send.frame_type, 0, send.request, pack(send.payload))
        self._number = 0 if send.link is None else self._number + 1
        answer = post(
            self._reception, send.link or NO_LINK, self._number, encode(request), self.now_ms
        )
        self.frames += [request, *answer]
        return [
            ev.Answered(*self._now(), send.lane, send.request, _understood(frame))
            for frame in answer
        ]

    def _standing(self) -> ev.Standing:
        identity, state = self.replica.identity, self.store.read(read_state)
        head = self.store.read(lambda txn: log.read_head(txn, fixed.ONE).ctr)
        return ev.Standing(
            identity.org,
            identity.replica,
            identity.certificate,
            state.schema,
            state.epoch if state.generation else None,
            state.seq,
            state.pass_cursor or state.cursor,
            head,
        )

    def _install(self, request: int, wire: answers.Flip) -> ev.Event:
        def work(txn: Txn) -> flip.Installed:
            done = flip.install(txn, self.replica, flip.Flip.read([*wire]), self.now_ms)
            if done is flip.Installed.TOO_LARGE:
                build.start(txn, [*wire])
            return done

        return ev.Flipped(*self._now(), request, _RESULTS[self.store.write(work)])
