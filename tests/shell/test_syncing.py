"""One device's sync driven against a real hub: whatever interrupts it, it comes through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import trio

from satchel.engine import build, stage
from satchel.hub.author import write_changes
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.errors import Trouble
from satchel.schema.dates import moment_text
from satchel.shell import clock
from satchel.shell.daemon import Organisation
from satchel.shell.syncing import Syncing
from satchel.sync.events import Event, Woke
from tests.shell.home import Home, new_layout, running_daemon
from tests.shell.hub import Hub, running_hub
from tests.shell.loopback import run


def with_daemon(test: Callable[[Hub, Home], Awaitable[None]]) -> None:
    """Run a test with a hub and a daemon that has not joined it."""

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub, running_daemon(layout) as home:
                await test(hub, home)

    run(main)


async def furnish(hub: Hub, count: int) -> None:
    """Put accounts into the hub, by its own hand."""
    ops: list[cs.Op] = [hub.account(1000 + number, f"A{number}") for number in range(count)]
    desk = hub.desk
    work = partial(
        desk.store.write,
        lambda txn: write_changes(txn, desk.office, [ops], clock.now_ms(), bytes(16)),
    )
    (outcome,) = await hub.thread.run(work)
    assert outcome.code == 0, outcome
    hub.server.look()


def only(home: Home) -> Organisation:
    """The one organisation of a daemon."""
    (org,) = home.daemon.organisations
    return org


async def equal(hub: Hub, home: Home) -> None:
    """The device holds what the hub holds."""
    here = await home.call("digest")
    there = await hub.order("hub.digest")
    assert here["digest"] == there["digest"]


def test_join_write_and_sync() -> None:
    """A device joins, downloads, writes, and what it wrote is decided and visible."""

    async def test(hub: Hub, home: Home) -> None:
        await furnish(hub, 10)
        await home.join(hub)
        await home.loaded()
        receipt = await home.call("create", table="account", columns={"name": "Mine"})
        state = await home.call("await", ctr=receipt["ctr"], until="visible", timeout_ms=15_000)
        assert (state["state"], state["code"]) == ("visible", "OK")
        await equal(hub, home)
        status = await home.call("status")
        assert status["orgs"][0]["state"] == "online"

    with_daemon(test)


def test_an_end_in_the_middle_of_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended while pages are being stored, sync finishes what it has begun, and is gone."""
    monkeypatch.setattr(limits, "PAGE_BYTES_TARGET", 2000)
    stages = stage.stage

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub:
                await furnish(hub, 100)
                async with running_daemon(layout) as home:
                    ending = trio.Event()

                    def staged(*given: Any) -> bool:
                        ending.set()
                        return stages(*given)

                    monkeypatch.setattr(stage, "stage", staged)
                    await home.join(hub)
                    await ending.wait()
                monkeypatch.setattr(stage, "stage", stages)
                async with running_daemon(layout) as home:
                    await home.loaded()
                    await equal(hub, home)

    run(main)


def test_a_pause_in_the_middle_of_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that a pause interrupts is finished when sync is resumed."""
    monkeypatch.setattr(limits, "BUILD_ROWS_MAX", 5)
    steps = build.step

    async def test(hub: Hub, home: Home) -> None:
        await furnish(hub, 100)
        third = trio.Event()
        taken = 0

        def step(*given: Any) -> Any:
            nonlocal taken
            taken += 1
            if taken == 3:
                third.set()
            return steps(*given)

        monkeypatch.setattr(build, "step", step)
        await home.join(hub)
        await third.wait()
        await home.call("sync", action="pause")
        assert (await home.call("status"))["orgs"][0]["state"] == "paused"
        await home.call("sync", action="resume")
        await home.loaded()
        await equal(hub, home)

    with_daemon(test)


def test_a_build_step_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of a build costs a wait, not the daemon."""
    monkeypatch.setattr(limits, "BUILD_ROWS_MAX", 20)
    steps = build.step
    troubles = [2, 2]

    def step(*given: Any) -> Any:
        if troubles and troubles[-1]:
            troubles[-1] -= 1
            raise Trouble("DISK_FULL", "The disk is full.")
        return steps(*given)

    async def test(hub: Hub, home: Home) -> None:
        await furnish(hub, 60)
        monkeypatch.setattr(build, "step", step)
        await home.join(hub)
        org = only(home)
        while (error := org.syncing.status.last_error) is None:
            await org.device.changed.wait()
        assert error.code == "DISK_FULL"
        await home.call("sync", action="now")
        await home.loaded()
        await equal(hub, home)

    with_daemon(test)


def test_what_a_build_leaves_behind_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a large delta only the new generation is left on disk."""

    async def test(hub: Hub, home: Home) -> None:
        await furnish(hub, 30)
        await home.join(hub)
        await home.loaded()
        org = only(home)
        monkeypatch.setattr(limits, "FLIP_ROWS_MAX", 0)
        receipt = await home.call("create", table="account", columns={"name": "Mine"})
        await home.call("await", ctr=receipt["ctr"], until="visible", timeout_ms=15_000)
        while org.device.read(lambda txn: len({key[0] for key, _ in txn.scan("row")})) > 1:
            await trio.lowlevel.checkpoint()
        monkeypatch.undo()
        await equal(hub, home)

    with_daemon(test)


def test_a_write_while_the_machine_hears_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write made while the machine is told of an earlier one is told, and pushed, as well."""
    feeds = Syncing.feed

    async def test(hub: Hub, home: Home) -> None:
        await home.join(hub)
        await home.loaded()
        written: list[Any] = []

        async def feed(syncing: Syncing, event: Event) -> None:
            await feeds(syncing, event)
            if isinstance(event, Woke) and len(written) < 5:
                columns = {"name": f"{len(written)}"}
                written.append(await home.call("create", table="account", columns=columns))

        monkeypatch.setattr(Syncing, "feed", feed)
        await home.call("create", table="account", columns={"name": "first"})
        while len(written) < 5:
            await only(home).device.changed.wait()
        await home.loaded()
        await equal(hub, home)

    with_daemon(test)


def test_leaving_in_the_middle_of_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """An organisation that is left while its pages are being stored is gone, with its folder."""
    monkeypatch.setattr(limits, "PAGE_BYTES_TARGET", 500)
    stages = stage.stage

    async def test(hub: Hub, home: Home) -> None:
        await furnish(hub, 100)
        begun = trio.Event()

        def staged(*given: Any) -> bool:
            begun.set()
            return stages(*given)

        monkeypatch.setattr(stage, "stage", staged)
        await home.join(hub)
        path = only(home).device.store.path
        await begun.wait()
        await home.call("org.leave", org="Contoso")
        assert home.daemon.organisations == []
        assert not path.exists()
        assert (await home.call("status"))["orgs"] == []

    with_daemon(test)


def test_stamps_follow_the_hubs_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose clock is a year behind writes with the hub's time once it has met it."""
    year_ms = 365 * 24 * 3600 * 1000

    async def test(hub: Hub, home: Home) -> None:
        await home.join(hub)
        await home.loaded()
        org = only(home)
        assert abs(org.device.ahead_ms) < 60_000
        org.device.ahead_ms = year_ms
        receipt = await home.call("create", table="account", columns={"name": "A"})
        row = await home.call("get", table="account", id=receipt["ids"][0])
        expected = moment_text(clock.now_ms() + year_ms)
        assert row["columns"]["createdon"][:10] == expected[:10]

    with_daemon(test)
