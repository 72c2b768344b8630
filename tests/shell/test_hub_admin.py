"""The administrator's side of a running hub: orders over its own socket, each done once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import check_request
from satchel.model.errors import Clash, Missing, SatchelError
from satchel.shell.handlers import Actor, Presence, Request
from satchel.shell.hub_admin import HubAdmin, hub_report
from tests.shell.hub import Hub, running_hub
from tests.shell.loopback import run

ACTOR = Actor(0, 1, b"session of 16 b.", None)


@asynccontextmanager
async def administered() -> AsyncIterator[tuple[Hub, HubAdmin]]:
    async with running_hub() as hub:
        report = hub_report("/nowhere", 1, [f"http://127.0.0.1:{hub.http.port}"])
        links = hub.reception.links
        yield hub, HubAdmin([hub.desk], links, hub.thread, hub.server.look, report)


def request(n: int, name: str, /, **arguments: object) -> Request:
    command = HUB_COMMANDS[name]
    return Request(n, 0, command, check_request(command, dict(arguments)), Presence())


def test_a_repeated_order_is_carried_out_once() -> None:
    """A client that lost the answer repeats the number, and gets the answer."""

    async def test() -> None:
        async with administered() as (_, admin):
            add = request(1, "hub.user.add", name="Fay Field")
            invite = request(2, "hub.invite", user="Fay Field")
            first = await admin.write(ACTOR, [add, invite])
            assert await admin.write(ACTOR, [add, invite]) == first
            listed = await admin.wait(ACTOR, request(3, "hub.user.list"))
            assert [user["name"] for user in listed["users"]].count("Fay Field") == 1

    run(test)


def test_the_same_number_of_another_session_is_another_order() -> None:
    """Sessions do not share receipts."""

    async def test() -> None:
        async with administered() as (_, admin):
            add = request(1, "hub.user.add", name="Fay Field")
            await admin.write(ACTOR, [add])
            (refused,) = await admin.write(ACTOR._replace(session=bytes(16)), [add])
            assert isinstance(refused, Clash)

    run(test)


def test_a_refused_order_does_not_stop_the_next() -> None:
    """Each has its own answer."""

    async def test() -> None:
        async with administered() as (_, admin):
            invite = request(1, "hub.invite", user="Nobody")
            add = request(2, "hub.user.add", name="Fay Field")
            refused, added = await admin.write(ACTOR, [invite, add])
            assert isinstance(refused, Missing)
            assert not isinstance(added, SatchelError)
            assert added["name"] == "Fay Field"

    run(test)


def test_the_status_shows_the_process_and_its_organisations() -> None:
    """Where it listens, and who is connected."""

    async def test() -> None:
        async with administered() as (hub, admin):
            await hub.device()
            status = await admin.wait(ACTOR, request(1, "hub.status"))
            assert status["hub"]["listen"] == [f"http://127.0.0.1:{hub.http.port}"]
            assert [(org["org"], org["connected"]) for org in status["orgs"]] == [("Contoso", 1)]

    run(test)


def test_stop_sets_what_the_process_waits_for() -> None:
    """And ping sets nothing."""

    async def test() -> None:
        async with administered() as (_, admin):
            assert admin.read(ACTOR, request(1, "ping")) == {}
            assert not admin.stopping.is_set()
            assert admin.read(ACTOR, request(2, "stop")) == {}
            assert admin.stopping.is_set()

    run(test)


def test_an_order_wakes_the_devices_that_wait() -> None:
    """What an administrator writes is news."""

    async def test() -> None:
        async with administered() as (hub, admin):
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hub.answer, device.pull(cursor, wait_ms=50_000))
                await trio.testing.wait_all_tasks_blocked(0.05)
                await admin.write(ACTOR, [request(1, "hub.user.add", name="Newcomer")])

    run(test)


def test_an_import_of_a_map_that_is_not_there_is_refused() -> None:
    """The watch ends with the reason, and nothing was written."""

    async def test() -> None:
        async with administered() as (hub, admin):
            head = hub.desk.head
            watch = admin.watch(ACTOR, request(1, "hub.import", map="/none.toml", dir="/none"))
            with pytest.raises(SatchelError) as caught:
                await watch.next()
            assert caught.value.code == "BAD_MAP"
            assert hub.desk.head == head

    run(test)
