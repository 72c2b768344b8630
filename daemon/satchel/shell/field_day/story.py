"""The story of the day, act by act.  Owns who does what and when; judges nothing.

All choices come from one seeded generator and the acts wait for each other, so the same
seed writes the same changes and the hub takes them in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import trio

from satchel.model.errors import Unavailable
from satchel.shell.field_day import sample
from satchel.shell.field_day.hub import Hub
from satchel.shell.field_day.person import Person, UnreadLine

Tell = Callable[[str], None]

_LINK = "contactleads_association"
_ROUTINE = (14, 24)
_POLL_S = 0.01
_PATIENCE_S = 20.0


class Kill(NamedTuple):
    """A process that was ended by SIGKILL, and how many of its requests had no answer."""

    process: str
    pid: int
    signal: int
    unanswered: int


class Story:
    """Plays the acts.  ``people``: by name, the office among them."""

    def __init__(self, hub: Hub, people: dict[str, Person], chance: Random, tell: Tell) -> None:
        self.kills: list[Kill] = []
        self._hub = hub
        self._people = people
        self._chance = chance
        self._tell = tell
        self._accounts: list[str] = []
        self._contacts: list[str] = []
        self._leads: list[str] = []
        self._routine = 0

    @property
    def _office(self) -> Person:
        return self._people[sample.OFFICE]

    def _field(self, number: int) -> Person:
        return self._people[sample.FIELD[number]]

    async def play(self) -> None:
        """All acts, in order."""
        await self.morning()
        await self.leave_the_network()
        await self.work_apart()
        await self.pull_the_plug()
        await self.come_back()

    # -- act 1 ---------------------------------------------------------------------------------

    async def morning(self) -> None:
        """The office enters its records; everybody has them."""
        office = self._office
        for name, city in sample.ACCOUNTS:
            columns: dict[str, Any] = {"name": name, "address1_city": city}
            written = await office.write("new account", _create("account", columns))
            self._accounts.append(_made(written.ids))
        for number, (first, last) in enumerate(sample.CONTACTS):
            columns = {
                "firstname": first,
                "lastname": last,
                "parentcustomerid": _ref("account", self._accounts[5 + number % 5]),
            }
            written = await office.write("new contact", _create("contact", columns))
            self._contacts.append(_made(written.ids))
        for subject, last in sample.LEADS:
            columns = {"subject": subject, "lastname": last}
            written = await office.write("new lead", _create("lead", columns))
            self._leads.append(_made(written.ids))
        await office.write("link", _link("link", self._contacts[0], self._leads[0]))
        await self._everybody_has_all()
        self._tell(f"{office.name} (office) entered {len(office.ledger)} records; all have them.")

    # -- act 2 ---------------------------------------------------------------------------------

    async def leave_the_network(self) -> None:
        """The three drive off.  The first cable breaks while an answer is on its way."""
        ana = self._field(0)
        ana.relay.cut_inside_next_answer(self._chance.randint(160, 200))
        await self._office.write(
            "edit online", _update("account", self._accounts[9], {"description": "Call in May"})
        )
        await self._until(lambda: not ana.relay.is_up, "the cut inside a frame")
        for person in (self._field(1), self._field(2)):
            person.relay.cut()
        names = ", ".join(sample.FIELD)
        self._tell(f"{names} lost the network; {ana.name}'s broke in the middle of a frame.")

    # -- act 3 ---------------------------------------------------------------------------------

    async def work_apart(self) -> None:
        """Everybody goes on working, on the same rows among others."""
        ana, ben, chidi = (self._field(number) for number in range(3))
        shared, contested, first, second, doomed = self._accounts[:5]
        await ana.write("one column", _update("account", shared, {"telephone1": "555 0101"}))
        await ben.write(
            "another column", _update("account", shared, {"websiteurl": "kettle.example"})
        )
        await ana.write(
            "same column", _update("account", contested, {"description": "Ana: likes blue"})
        )
        await chidi.write(
            "same column", _update("account", contested, {"description": "Chidi: likes green"})
        )
        await ben.write("unlink", _link("unlink", self._contacts[0], self._leads[0]))
        await chidi.write("link again", _link("link", self._contacts[0], self._leads[0]))
        await ana.write("delete", _delete("account", first))
        await ben.write("edit of a deleted row", _update("account", first, {"fax": "555 0102"}))
        await ana.write("edit, deleted later", _update("account", second, {"fax": "555 0103"}))
        await ben.write("delete of an edited row", _delete("account", second))
        await self._new_customer(chidi, doomed)
        await self._office.write("delete", _delete("account", doomed))
        for person in (ana, ben, chidi, self._office):
            for _ in range(self._chance.randint(*_ROUTINE)):
                await self._routine_edit(person)
        offline = sum(len(self._people[name].ledger) for name in sample.FIELD)
        self._tell(
            f"Offline they wrote {offline} changes; the office deleted a customer meanwhile."
        )

    async def _new_customer(self, chidi: Person, doomed: str) -> None:
        """A contact under an account that will be gone, and what stands on that contact."""
        contact = await chidi.write(
            "new contact of a customer the office deletes",
            _create(
                "contact",
                {
                    "firstname": "Noor",
                    "lastname": "Visser",
                    "parentcustomerid": _ref("account", doomed),
                },
            ),
        )
        opportunity = await chidi.write(
            "opportunity for that contact",
            _create(
                "opportunity",
                {"name": "Forty sleeping bags", "customerid": _ref("contact", _made(contact.ids))},
            ),
        )
        await chidi.write(
            "task on that opportunity",
            _create(
                "task",
                {
                    "subject": "Send samples",
                    "regardingobjectid": _ref("opportunity", _made(opportunity.ids)),
                },
            ),
        )

    async def _routine_edit(self, person: Person) -> None:
        """Any ordinary edit; its text is unique in the day."""
        self._routine += 1
        text = f"{person.name} {self._routine}"
        kind = self._chance.random()
        if kind < 0.25:
            account = self._chance.choice(self._accounts[5:])
            op = _create("task", {"subject": text, "regardingobjectid": _ref("account", account)})
        elif kind < 0.65:
            column = self._chance.choice(sample.ACCOUNT_COLUMNS)
            op = _update("account", self._chance.choice(self._accounts[5:]), {column: text})
        else:
            column = self._chance.choice(sample.CONTACT_COLUMNS)
            op = _update("contact", self._chance.choice(self._contacts), {column: text})
        await person.write("routine", op)

    # -- act 4 ---------------------------------------------------------------------------------

    async def pull_the_plug(self) -> None:
        """``kill -9`` of a daemon: two writes stored but unanswered, one not even read."""
        ben = self._field(1)
        before = len(ben.ledger)
        for _ in range(self._chance.randint(0, 5)):
            await self._routine_edit(ben)
        waiting = (await ben.org())["outbox"]
        line = UnreadLine(ben.socket)
        await line.open()
        changes = [self._task(ben, f"Plug {number}") for number in range(3)]
        for ops in changes[:2]:
            await line.send(ops)
        await ben.until("two stored writes", {"outbox": waiting + 2})
        ben.daemon.freeze()
        await line.send(changes[2])
        pid = await ben.daemon.kill()
        await line.drop()
        self.kills.append(Kill(ben.name, pid, 9, len(line.unanswered)))
        await ben.daemon.start(ben.socket)
        await line.open()
        for ops, receipt in zip(changes, await line.read_all(), strict=True):
            ben.enter("repeated after kill -9", ops, **_entry(receipt))
        await line.drop()
        self._tell(
            f"{ben.name}'s daemon was killed (-9) with 3 writes unanswered; "
            f"repeated under their old numbers, each is there once "
            f"({len(ben.ledger) - before} changes since)."
        )

    def _task(self, person: Person, subject: str) -> list[dict[str, Any]]:
        account = self._chance.choice(self._accounts[5:])
        columns = {
            "subject": f"{subject} ({person.name})",
            "regardingobjectid": _ref("account", account),
        }
        return [_create("task", columns)]

    # -- act 5 ---------------------------------------------------------------------------------

    async def come_back(self) -> None:
        """The network returns, one after the other; the hub is killed in between."""
        for number, name in enumerate(sample.FIELD):
            person = self._people[name]
            person.relay.mend()
            await person.client.sync("now")
            await person.client.sync("wait", timeout=_PATIENCE_S)
            if number == 0:
                await self._kill_the_hub()
        await self._everybody_has_all()
        self._tell("The network is back; every replica has caught up.")

    async def _kill_the_hub(self) -> None:
        """``kill -9`` of the hub: it has decided a push whose answer never arrives."""
        office = self._office
        office.relay.hold_answers()
        written = await office.write(
            "pushed, answer lost",
            _update("account", self._accounts[8], {"description": "Ask for the spring order"}),
        )
        await self._hub.until_decided(written.replica, written.ctr)
        pid = await self._hub.process.kill()
        self.kills.append(Kill("hub", pid, 9, 1))
        office.relay.cut()
        await self._hub.start()
        office.relay.mend()
        await office.client.sync("now")
        await office.client.sync("wait", timeout=_PATIENCE_S)
        self._tell(
            "The hub was killed (-9) with a push decided and unanswered; sent again, skipped."
        )

    # -- waiting -------------------------------------------------------------------------------

    async def _everybody_has_all(self) -> None:
        await self._office.client.sync("wait", timeout=_PATIENCE_S)
        head = (await self._hub.status())["head"]
        for person in self._people.values():
            await person.client.sync("now")
            await person.until(f"seq {head}", {"cursor": head, "outbox": 0})

    async def _until(self, reached: Callable[[], bool], what: str) -> None:
        with trio.move_on_after(_PATIENCE_S):
            while not reached():  # noqa: ASYNC110 - what is waited for rings no event
                await trio.sleep(_POLL_S)
            return
        raise Unavailable("TIMEOUT", f"In the story, {what} did not come.")


def _create(table: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {"do": "create", "table": table, "columns": columns}


def _update(table: str, row: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {"do": "update", "table": table, "id": row, "columns": columns}


def _delete(table: str, row: str) -> dict[str, Any]:
    return {"do": "delete", "table": table, "id": row}


def _link(do: str, left: str, right: str) -> dict[str, Any]:
    return {"do": do, "relationship": _LINK, "left": left, "right": right}


def _ref(table: str, row: str) -> dict[str, str]:
    return {"table": table, "id": row}


def _made(ids: Any) -> str:
    (row,) = ids
    assert isinstance(row, str)
    return row


def _entry(receipt: dict[str, Any]) -> dict[str, Any]:
    return {name: receipt[name] for name in ("replica", "ctr", "ids", "version")}
