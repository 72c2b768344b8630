"""A hub's reception without a network: requests in, answers out, time as the test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import check_request
from satchel.hub import answers
from satchel.hub.answers import Answer
from satchel.hub.desk import Desk
from satchel.hub.found import FirstIds, found
from satchel.hub.office import Setup
from satchel.hub.orders import Moment, carry_out
from satchel.hub.pulling import Idle, PullJob
from satchel.hub.reception import Reception, Signed
from satchel.hub.requests import read_request
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.store import layout
from satchel.store.env import Store
from satchel.wire.envelope import SYNC_PATH
from tests.devices import HandMadeDevice

START_MS = 1_700_000_000_000


def id_of(number: int) -> bytes:
    """A row id of the test's choice."""
    return number.to_bytes(16, "big")


@contextmanager
def open_org(folder: Path, name: str, seed: int) -> Iterator[Desk]:
    """An organisation of that name, founded in a new store."""
    store = Store.open(folder, layout.HUB_DBS, sync=False)
    try:
        mark = bytes([seed])
        setup = Setup(mark * 16, name, b"hub-rep" + mark, mark * 32, mark * 32)
        ids = FirstIds(id_of(1), id_of(2), id_of(3))
        store.write(lambda txn: found(txn, setup, ids, START_MS, bytes(16)))
        yield Desk(store)
    finally:
        store.close()


class Counter:
    """One reception and its organisations.  ``now_ms`` is moved by the test alone."""

    def __init__(self, desks: list[Desk]) -> None:
        self.desks = desks
        self.reception = Reception(desks)
        self.now_ms = START_MS
        self.room = limits.PULL_BYTES_MAX
        self._chance = 0
        self.catalog = Catalog(standard_document())

    @property
    def desk(self) -> Desk:
        """The first organisation's."""
        return self.desks[0]

    def chance(self, count: int) -> bytes:
        """Bytes that are new each time, and the same in each run."""
        self._chance += 1
        return self._chance.to_bytes(count, "big")

    def post(self, auth: str, body: bytes) -> bytes:
        """What the hub answers to a request, as the body of its answer."""
        return b"".join(self._answer(Signed("POST", SYNC_PATH, auth, body)).frames)

    def is_idle(self, auth: str, body: bytes) -> bool:
        """Whether a PULL would wait."""
        signed = Signed("POST", SYNC_PATH, auth, body)
        job = self.reception.take(signed, read_request(body), self.now_ms, self.chance(16))
        assert isinstance(job, PullJob)
        return isinstance(job.step(self.now_ms, self.room, patient=True), Idle)

    def _answer(self, signed: Signed) -> Answer:
        req = 0
        try:
            frame = read_request(signed.body)
            req = frame.req
            job = self.reception.take(signed, frame, self.now_ms, self.chance(16))
            if isinstance(job, Answer):
                return job
            if isinstance(job, PullJob):
                step = job.step(self.now_ms, self.room, patient=False)
                assert isinstance(step, Answer)
                return step
            while (answer := job.step(self.now_ms)) is None:
                pass
            return answer
        except SatchelError as refused:
            return answers.refused(req, refused)

    def order(self, name: str, /, **arguments: Any) -> Any:
        """Give an administrator's order."""
        seen = self.reception.links.last_seen()
        moment = Moment(self.now_ms, self.chance, lambda: self.chance(16), seen)
        complete = check_request(HUB_COMMANDS[name], arguments)
        return carry_out(self.desks, name, complete, moment)

    def invite(self, user: str = "Fay Field", **org: str) -> str:
        """A fresh invite for a user, who is added where there is none of that name."""
        listed = self.order("hub.user.list", **org)["users"]
        if all(known["name"] != user for known in listed):
            self.order("hub.user.add", name=user, **org)
        code: str = self.order("hub.invite", user=user, **org)["invite"]
        return code

    def device(self, seed: int = 1, user: str = "Fay Field", **org: str) -> HandMadeDevice:
        """A device that has joined and said hello."""
        device = HandMadeDevice(seed)
        device.join(self.invite(user, **org), self.post)
        device.greet(self.post)
        return device

    def account(self, number: int, name: str, **columns: Any) -> list[Any]:
        """The op that creates an account."""
        table = self.catalog.table("account")
        owner = (self.catalog.number_of("systemuser"), id_of(3))
        values = create_values(self.catalog, table, {"name": name, **columns}, owner)
        return [cs.CREATE, table.number, id_of(number), values]
