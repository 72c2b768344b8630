"""The whole day: processes up, the story, the evidence, the checks, the answer."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import trio

from satchel.client.async_trio import open_client
from satchel.model.errors import Trouble
from satchel.shell.field_day import checks, sample
from satchel.shell.field_day.hub import Hub
from satchel.shell.field_day.ledger import Evidence
from satchel.shell.field_day.person import Person
from satchel.shell.field_day.relay import Relay
from satchel.shell.field_day.story import Kill, Story, Tell
from satchel.shell.field_day.tale import tell
from satchel.shell.field_day.witness import gather

_CLIENT_S = 20.0


class Verdict:
    """What the checks found, and the numbers of the day."""

    def __init__(self, evidence: Evidence, kills: list[Kill], seconds: float) -> None:
        self.diverged = checks.check_convergence(evidence)
        self.lost = checks.check_nothing_lost(evidence)
        self.duplicated = checks.check_nothing_twice(evidence)
        self.disorder = checks.check_causal_order(evidence)
        self._evidence = evidence
        self._kills = kills
        self._seconds = seconds

    @property
    def good(self) -> bool:
        """Whether every check held."""
        return not (self.diverged or self.lost or self.duplicated or self.disorder)

    def to_json(self) -> dict[str, Any]:
        """The day as ``satchel demo --json`` prints it (PROTOCOL.md names no part of this)."""
        accepted = sum(ruling.code in checks.ACCEPTED for ruling in self._evidence.rulings)
        return {
            "schema": 1,
            "devices": len(sample.FIELD),
            "written": len(self._evidence.written),
            "accepted": accepted,
            "refused": len(self._evidence.rulings) - accepted,
            "quarantined": len(self._evidence.parked),
            "conflicts": self._evidence.conflicts,
            "converged": not self.diverged,
            "lost": len(self.lost),
            "duplicated": len(self.duplicated),
            "order_violations": len(self.disorder),
            "kills": [kill._asdict() for kill in self._kills],
            "seconds": round(self._seconds, 2),
        }

    def lines(self) -> list[str]:
        """The verdict for a person: each promise, and whatever broke it."""
        promises = (
            ("every replica equals the hub", self.diverged),
            ("every acknowledged change is accounted for", self.lost),
            ("nothing happened twice", self.duplicated),
            ("causal order was kept", self.disorder),
        )
        lines = ["", "Checked from outside"]
        for promise, broken in promises:
            lines.append(f"  {'ok' if not broken else '!!'}  {promise}")
            lines += [f"      {what}" for what in broken]
        return lines


def main(seed: int, as_json: bool, keep: bool) -> int:
    """Play a day.  Returns the exit code: 0 only if every check held."""
    # Short, so that the socket names below it stay within the system's bound.
    home = Path(tempfile.mkdtemp(prefix="satchel-day-"))
    say: Tell = (lambda line: None) if as_json else _say
    try:
        verdict = trio.run(_play, home, seed, say)
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
    if as_json:
        print(json.dumps(verdict.to_json()))  # noqa: T201
    else:
        for line in verdict.lines():
            say(line)
        if keep:
            say(f"\nEverything is in {home}; look around with: satchel --home {home}/ana start")
    if not verdict.good:
        return Trouble.exit
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _play(home: Path, seed: int, say: Tell) -> Verdict:
    began = trio.current_time()
    hub = Hub(home / "hub", sample.ORGANISATION)
    people: dict[str, Person] = {}
    failure: Exception | None = None
    verdict: Verdict | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(_end_on_signal, nursery.cancel_scope)
        try:
            async with AsyncExitStack() as apps:
                await hub.found()
                for name in (*sample.FIELD, sample.OFFICE):
                    relay = Relay("127.0.0.1", hub.port)
                    await nursery.start(relay.run)
                    # Known before its daemon runs: whoever is known is stopped, come what may.
                    people[name] = Person(name, home / name.lower(), relay)
                    await _arrive(people[name], hub, apps)
                say(
                    f"{sample.ORGANISATION}: a hub and {len(people)} daemons run on this machine "
                    f"({', '.join(people)})."
                )
                story = Story(hub, people, Random(seed), say)
                await story.play()
                evidence = await gather(hub, list(people.values()))
                verdict = Verdict(evidence, story.kills, trio.current_time() - began)
                for line in tell(evidence):
                    say(line)
        except Exception as error:  # noqa: BLE001 - raised below, outside the nursery
            failure = error
        finally:
            with trio.CancelScope(shield=True):
                for process in (*(person.daemon for person in people.values()), hub.process):
                    await process.stop()
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if verdict is None:
        raise KeyboardInterrupt
    return verdict


async def _end_on_signal(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Ctrl-C ends the day where it waits, never between a process and the note of its id."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
        task_status.started()
        async for _ in received:
            scope.cancel()


async def _arrive(person: Person, hub: Hub, apps: AsyncExitStack) -> None:
    """Start somebody's daemon, join it through a cable of its own, open the app."""
    await person.daemon.start(person.socket)
    invite = await hub.invite(person.name)
    async with open_client(str(person.daemon.home), timeout=_CLIENT_S) as joiner:
        await joiner.join(person.relay.url, invite, device=f"{person.name}'s laptop")
    app = await apps.enter_async_context(open_client(str(person.daemon.home), timeout=_CLIENT_S))
    person.use_app(app)
    await person.until("the first download", {"loading": None})
