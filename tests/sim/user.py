"""A person at a device: an app that writes, reads what came of it, and tends the quarantine.

Owns what is done and in which proportion.  Requests carry numbers, and one whose answer a crash
took is sent again under its number, as an app does.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from satchel.engine import commit, quarantine, requests
from satchel.model.errors import SatchelError
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.store.txn import Txn
from tests.sim.device import SimDevice
from tests.sim.ledger import Ledger
from tests.sim.process import DeviceProcess
from tests.sim.tally import Tally
from tests.sim.wishes import Memory, Wish, Wishes

Answer = dict[str, Any]
Work = Callable[[Txn, DeviceProcess, commit.Request], Answer]


_ANSWER_LOST = 0.06
_NOT_YET = 0.5
"""So long does an app hesitate to repeat itself that FLIPs and crashes may come between."""


class Job(NamedTuple):
    """One command of the app, under its number."""

    number: int
    work: Work


class Poison(Exception):
    """A job wrote and then failed: its transaction must be aborted."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.number)
        self.job = job


class SimUser:
    """One person; what they want is :mod:`tests.sim.wishes`'s."""

    def __init__(
        self, device: SimDevice, chance: Random, ledger: Ledger, tally: Tally, memory: Memory
    ) -> None:
        self.device = device
        self._chance = chance
        self._ledger = ledger
        self._tally = tally
        self._wishes = Wishes(device, chance, tally, memory)
        self._unsure: list[Job] = []
        self.renew_session()

    def renew_session(self) -> None:
        """Begin a new session: what the old one left unanswered is given up."""
        self._session = self._chance.randbytes(16)
        self._number = 0
        self._confirmed = 0
        self._unsure = []

    # -- commands ----------------------------------------------------------------------------

    def act(self) -> None:
        """Do one thing, if the device is up and loaded."""
        process = self.device.process
        if process is None or not self.device.loaded:
            return
        if self._unsure:
            if self._chance.random() < _NOT_YET:
                return
            for _ in self._unsure:
                self._tally.op("repeated request")
            self._submit(process, self._unsure)
            return
        count = self._chance.choice((1, 1, 1, 2, 3))
        works = [self._choose(process) for _ in range(count)]
        jobs = []
        for work in works:
            if work is not None:
                self._number += 1
                jobs.append(Job(self._number, work))
        if jobs:
            self._submit(process, jobs)

    def _choose(self, process: DeviceProcess) -> Work | None:
        if self._chance.random() < 0.15:
            tended = self._tend()
            if tended is not None:
                return tended
        wishes = self._wishes.some(process)
        return _commit(wishes) if wishes else None

    def _submit(self, process: DeviceProcess, jobs: list[Job]) -> None:
        """Run jobs in one transaction, as the daemon's writer does (sync.md 5.4)."""
        self._unsure = list(jobs)
        results: dict[int, Answer | SatchelError] = {}
        waiting = list(jobs)
        while waiting:
            try:
                self._attempt(process, waiting, results)
                break
            except Poison as poison:
                waiting.remove(poison.job)
            except SatchelError as trouble:
                process.window.settle(committed=False)
                results.update((job.number, trouble) for job in waiting)
                break
        process.wake()
        if self._chance.random() < _ANSWER_LOST:
            return  # between daemon and app: it was done, or it was denied, and nobody knows
        self._unsure = []
        self._confirmed = max(self._confirmed, jobs[-1].number)
        for job in jobs:
            self._note(job, results[job.number])

    def _attempt(
        self, process: DeviceProcess, jobs: list[Job], results: dict[int, Answer | SatchelError]
    ) -> None:
        def work(txn: Txn) -> None:
            process.window.settle(committed=False)
            for job in jobs:
                before = txn.writes
                try:
                    results[job.number] = self._run(txn, process, job)
                except SatchelError as error:
                    results[job.number] = error
                    if txn.writes != before:
                        raise Poison(job) from error

        self.device.disk.write(work)
        process.window.settle(committed=True)

    def _run(self, txn: Txn, process: DeviceProcess, job: Job) -> Answer:
        known = process.window.answered(self._session, job.number)
        if known is not None:
            return known
        name = commit.Request(self._session, job.number, self._confirmed)
        answer = job.work(txn, process, name)
        now = self.device.clock.now_ms()
        process.window.stage(self._session, job.number, self._confirmed, answer, now)
        return answer

    def _note(self, job: Job, result: Answer | SatchelError) -> None:
        if isinstance(result, SatchelError):
            self._tally.op("denied")
            return
        for receipt in result.get("receipts", [result] if "ctr" in result else []):
            dot = Dot(bytes.fromhex(receipt["replica"]), receipt["ctr"])
            self._ledger.acknowledged[dot] = (self._session, job.number)

    # -- quarantine --------------------------------------------------------------------------

    def _tend(self) -> Work | None:
        entries = self.device.read(lambda txn: list(quarantine.entries(txn)))
        if not entries:
            return None
        dot, parked = self._chance.choice(entries)
        kind = self._chance.choice(("retry", "restore and retry", "edit and retry", "discard"))
        self._tally.op(kind)
        self._ledger.tended.add(dot)
        if kind == "discard":
            return _kept(lambda txn: _discard(txn, dot), self.device)
        alone = self._chance.random() < 0.5
        if not alone:
            known = self.device.read(quarantine.read_dependants)
            self._ledger.tended.update(quarantine.dependants(known, dot))
        return self._retry(dot, kind, alone, parked.code == Code.GONE)

    def _retry(self, dot: Dot, kind: str, alone: bool, gone: bool) -> Work:
        restore = kind == "restore and retry" or (gone and self._chance.random() < 0.5)
        edits = {0: {"ownerid": self._wishes.someone()}} if kind == "edit and retry" else None

        def work(txn: Txn, process: DeviceProcess, name: commit.Request) -> Answer:
            receipts = quarantine.retry(
                txn, process.replica, dot, process.world(), with_dependants=not alone,
                restore=restore, edits=edits,
            )  # fmt: skip
            return _kept(lambda _: {"receipts": receipts}, self.device)(txn, process, name)

        return work


def _commit(wishes: list[Wish]) -> Work:
    def work(txn: Txn, process: DeviceProcess, name: commit.Request) -> Answer:
        return commit.commit(txn, process.replica, wishes, name, process.world())

    return work


def _discard(txn: Txn, dot: Dot) -> Answer:
    quarantine.discard(txn, dot)
    return {"discarded": 1}


def _kept(deed: Callable[[Txn], Answer], device: SimDevice) -> Work:
    """A command without a log record of its own keeps its receipt by itself."""

    def work(txn: Txn, _: DeviceProcess, name: commit.Request) -> Answer:
        answer = deed(txn)
        requests.keep(txn, name, answer, device.clock.now_ms())
        return answer

    return work
