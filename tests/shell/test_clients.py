"""Both clients against a real socket: the same calls, the same answers, the same errors."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from satchel.client.async_trio import AsyncClient, open_client
from satchel.client.blocking import Client, connect
from satchel.client.discover import find_address
from satchel.client.rows import Receipt, Row
from satchel.model.errors import Clash, Denied, Garbled, Missing, SatchelError, Unavailable
from satchel.shell.handlers import Request
from tests.shell.desk import REPLICA, Daemon
from tests.shell.raw_app import HELLO, RawApp

TEXT = "x" * 50_000
SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


def test_a_blocking_round_trip(daemon: Daemon) -> None:
    """Create, read, change, page through: rows and receipts in the app's shapes."""
    with connect(daemon.home) as client:
        assert (client.daemon_version, client.org) == ("0.1.0", "Office")
        receipt = client.create("account", {"name": "Adatum"})
        assert isinstance(receipt, Receipt)
        assert (receipt.replica, receipt.ctr) == (REPLICA, 1)
        row = client.get("account", receipt.id)
        assert isinstance(row, Row)
        assert row["name"] == "Adatum"
        client.update(row, columns={"telephone1": "1"})
        client.upsert("account", SOME_ID, {"name": "Fabrikam"})
        assert [each["name"] for each in client.list("account", page_rows=1)] == [
            "Adatum",
            "Fabrikam",
        ]
        with pytest.raises(Missing) as missing:
            client.get("account", "00000000-0000-7000-8000-00000000dead")
        assert missing.value.code == "NO_SUCH_ROW"
        assert client.ping()["command"] == "ping"
    assert daemon.desk.applied[1]["version"] == "v"


def test_a_trio_round_trip(daemon: Daemon) -> None:
    """The same, awaited."""

    async def main() -> None:
        async with open_client(daemon.home) as client:
            assert (client.daemon_version, client.org) == ("0.1.0", "Office")
            receipt = await client.create("account", {"name": "Adatum"})
            row = await client.get("account", receipt.id)
            await client.update(row, columns={"telephone1": "1"})
            await client.upsert("account", SOME_ID, {"name": "Fabrikam"})
            names = [each["name"] async for each in client.list("account", page_rows=1)]
            assert names == ["Adatum", "Fabrikam"]
            with pytest.raises(Missing):
                await client.get("account", "00000000-0000-7000-8000-00000000dead")

    trio.run(main)
    assert daemon.desk.applied[1]["version"] == "v"


def test_a_blocking_watch_survives_other_calls(daemon: Daemon) -> None:
    """Events that arrive while another answer is awaited are not lost."""
    with connect(daemon.home) as client, client.watch() as events:
        assert next(events) == {"position": 0, "rows": []}
        for _ in range(3):
            client.create("account", {"name": "x"})
        assert [next(events)["position"] for _ in range(3)] == [1, 2, 3]


def test_a_trio_watch_beside_other_tasks(daemon: Daemon) -> None:
    """Many tasks share a client; a watch of one does not disturb the calls of another."""

    async def main() -> None:
        async with open_client(daemon.home) as client, trio.open_nursery() as nursery:
            events = client.watch()
            assert (await anext(events))["position"] == 0
            for _ in range(20):
                nursery.start_soon(client.create, "account", {"name": "x"})
            assert [(await anext(events))["position"] for _ in range(20)] == [*range(1, 21)]
            events.close()

    trio.run(main)
    assert len(daemon.desk.applied) == 20


def test_a_large_write_beside_an_unread_watch(daemon: Daemon) -> None:
    """A client whose buffers are full of events still gets its own request through."""
    with connect(daemon.home) as client, client.watch() as events:
        next(events)
        for _ in range(60):
            daemon.call(daemon.desk.move)
        with RawApp(daemon.layout, hello=HELLO) as other:
            other.say([1, 0, "ping", {}])
            other.hear()
        assert client.create("account", {"text": "x" * 900_000}).ctr == 1


def test_a_write_larger_than_the_socket_holds(daemon: Daemon) -> None:
    """It goes out in pieces, as there is room."""
    with connect(daemon.home, timeout=5) as client:
        assert client.create("account", {"text": "x" * 1_000_000}).ctr == 1


def test_the_daemon_is_not_running() -> None:
    """Both clients say so, and how to start it."""
    with pytest.raises(Unavailable) as blocking:
        connect("/tmp/nobody-is-here")

    async def main() -> None:
        async with open_client("/tmp/nobody-is-here"):
            raise AssertionError("connected to nobody")

    with pytest.raises(Unavailable) as awaited:
        trio.run(main)
    for caught in (blocking, awaited):
        assert caught.value.code == "NOT_RUNNING"
        assert caught.value.remedy == "Start it with: satchel start --home /tmp/nobody-is-here"


def test_an_unknown_organisation(daemon: Daemon) -> None:
    """The daemon's refusal of the greeting is what ``connect`` raises."""
    with pytest.raises(Missing) as caught:
        connect(daemon.home, org="Elsewhere")
    assert caught.value.code == "NO_SUCH_ORG"


def test_an_error_leaves_the_trio_client_unwrapped(daemon: Daemon) -> None:
    """What is raised in the block comes out of it as itself, not in a group."""

    async def main() -> None:
        async with open_client(daemon.home) as client:
            await client.get("account", SOME_ID)

    with pytest.raises(Missing):
        trio.run(main)


def test_an_answer_that_does_not_come(daemon: Daemon) -> None:
    """TIMEOUT; the late answer goes nowhere and the client goes on."""
    go = trio.Event()

    async def hold(request: object) -> None:
        daemon.desk.before_answer = None
        await go.wait()

    with connect(daemon.home, timeout=0.4) as client:
        daemon.desk.before_answer = hold
        with pytest.raises(Unavailable) as caught:
            client.create("account", {"name": "late"})
        assert caught.value.code == "TIMEOUT"
        daemon.call(go.set)
        assert client.create("account", {"name": "next"}).ctr == 2


def test_a_trio_answer_that_does_not_come(daemon: Daemon) -> None:
    """TIMEOUT, awaited; and a wait that its app cancels is cancelled at the daemon too."""

    async def main() -> None:
        async with open_client(daemon.home, timeout=0.4) as client:
            with trio.move_on_after(0.1):
                await client.wait(1)
            with pytest.raises(Unavailable) as caught:
                await client.wait(1, timeout=0)
            assert caught.value.code == "TIMEOUT"
            assert (await client.ping())["command"] == "ping"

    trio.run(main)


def test_more_waits_than_the_daemon_holds(daemon: Daemon) -> None:
    """Waits of many tasks take turns, and no call waits behind them."""

    async def main() -> None:
        async with open_client(daemon.home) as client, trio.open_nursery() as nursery:
            for ctr in range(1, 101):
                nursery.start_soon(client.wait, ctr)
            assert (await client.create("account", {"name": "x"})).ctr == 1
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_over_loopback_tcp_a_token_proves_the_user() -> None:
    """The file is private, both clients find it, and another token is refused."""
    with Daemon(tcp=True) as daemon:
        file = Path(daemon.layout.tcp)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert find_address(daemon.layout).host == "127.0.0.1"
        with connect(daemon.home) as client:
            client.create("account", {"name": "x"})

        async def main() -> None:
            async with open_client(daemon.home) as client:
                await client.create("account", {"name": "y"})

        trio.run(main)
        assert {actor.uid for actor in daemon.desk.actors} == {os.getuid()}
        host, port, token = file.read_text().split()
        file.write_text(f"{host} {port} {token[:-1]}{'0' if token[-1] != '0' else '1'}\n")
        with pytest.raises(Denied) as caught:
            connect(daemon.home)
        assert caught.value.code == "NOT_ALLOWED"


def test_a_lost_answer_is_asked_for_again_and_the_write_applied_once(daemon: Daemon) -> None:
    """The daemon dies after writing and before answering; the client gets the one receipt."""
    with connect(daemon.home) as client:
        client.create("account", {"name": "before"})
        daemon.desk.before_answer = daemon.crash_now
        assert client.create("account", {"name": "once"}).ctr == 2
        assert client.create("account", {"name": "after"}).ctr == 3
    assert [applied["n"] for applied in daemon.desk.applied] == [1, 2, 3]


def test_many_lost_answers_are_asked_for_again_in_order(daemon: Daemon) -> None:
    """A trio client with many writes under way when the daemon dies: each is applied once."""

    async def main() -> None:
        async with open_client(daemon.home) as client, trio.open_nursery() as nursery:
            daemon.desk.before_answer = daemon.crash_now
            for number in range(40):
                nursery.start_soon(client.create, "account", {"number": number})

    trio.run(main)
    assert [applied["n"] for applied in daemon.desk.applied] == [*range(1, 41)]
    assert {applied["columns"]["number"] for applied in daemon.desk.applied} == {*range(40)}


def test_what_was_not_sent_yet_is_sent_once(daemon: Daemon) -> None:
    """The daemon dies while more is queued than its socket holds; nothing of it goes out twice."""
    crashing = trio.Event()

    async def crash_later(request: Request) -> None:
        await crashing.wait()
        await daemon.crash_now(request)

    async def main() -> None:
        async with open_client(daemon.home) as client, trio.open_nursery() as nursery:
            daemon.desk.before_answer = crash_later
            for number in range(40):
                nursery.start_soon(client.create, "account", {"number": number, "text": TEXT})
                await trio.testing.wait_all_tasks_blocked()
            daemon.call(crashing.set)

    trio.run(main)
    numbers = [applied["columns"]["number"] for applied in daemon.desk.applied]
    assert numbers == [*range(40)]


def test_a_watch_goes_on_after_the_daemon_came_back(daemon: Daemon) -> None:
    """No event is missed and none comes twice."""
    with connect(daemon.home) as client, client.watch() as events:
        client.create("account", {"name": "x"})
        assert [next(events)["position"] for _ in range(2)] == [0, 1]
        daemon.desk.before_answer = daemon.crash_now
        client.create("account", {"name": "y"})
        client.create("account", {"name": "z"})
        lines: list[dict[str, Any]] = []
        while not lines or lines[-1]["position"] < 3:
            event = next(events)
            lines += [event] if event["rows"] else []  # the new watch says where it begins
        assert [event["position"] for event in lines] == [2, 3]


def test_an_expired_session_is_the_apps_to_decide(daemon: Daemon) -> None:
    """The unanswered write is not repeated into a store that cannot know it."""
    with connect(daemon.home) as client:
        client.create("account", {"name": "x"})

        async def lose_the_store(request: object) -> None:
            daemon.desk.secret = b"another store was joined instead"
            daemon.desk.receipts.clear()
            await daemon.crash_now(request)  # type: ignore[arg-type]

        daemon.desk.before_answer = lose_the_store
        with pytest.raises(Clash) as caught:
            client.create("account", {"name": "in doubt"})
        assert caught.value.code == "SESSION_EXPIRED"
        assert client.create("account", {"name": "again"}).ctr == 3
    assert [applied["columns"]["name"] for applied in daemon.desk.applied] == [
        "x",
        "in doubt",
        "again",
    ]


def test_an_expired_session_with_nothing_unanswered_is_no_error(daemon: Daemon) -> None:
    """The client begins a new one by itself."""

    async def main() -> None:
        async with open_client(daemon.home) as client:
            await client.ping()
            daemon.desk.secret = b"another store was joined instead"
            daemon.restart()
            await client.ping()
            assert (await client.create("account", {"name": "x"})).ctr == 1

    trio.run(main)


def test_a_daemon_that_does_not_come_back(daemon: Daemon) -> None:
    """NOT_RUNNING after the client's patience, from both, also for the next call."""

    async def main() -> None:
        async with open_client(daemon.home, timeout=0.4) as client:
            daemon.stop_serving()
            for _ in range(2):
                with pytest.raises(Unavailable) as awaited:
                    await client.ping()
                assert awaited.value.code in ("NOT_RUNNING", "TIMEOUT")

    with connect(daemon.home, timeout=0.4) as client:
        trio.run(main)
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                client.ping()
            assert caught.value.code == "NOT_RUNNING"


def test_what_cannot_be_sent_is_the_apps_mistake(daemon: Daemon) -> None:
    """It is told before a byte is out."""
    with connect(daemon.home) as client:
        with pytest.raises(SatchelError) as caught:
            client.create("account", {"when": object()})
        assert caught.value.code == "BAD_REQUEST"
        with pytest.raises(SatchelError) as caught:
            client.create("account", {"text": "x" * 2_000_000})
        assert caught.value.code == "TOO_BIG"
        assert client.create("account", {"name": "x"}).ctr == 1


def test_a_daemon_of_another_version(monkeypatch: pytest.MonkeyPatch, daemon: Daemon) -> None:
    """BAD_VERSION, with what to do."""
    monkeypatch.setattr("satchel.api.caller.Hello", newer_hello)
    with pytest.raises(Garbled, match="version") as caught:
        connect(daemon.home)
    assert caught.value.code == "BAD_VERSION"
    assert "same version" in caught.value.remedy


def newer_hello(client: str, session: bytes | None, org: str | None, token: str | None) -> object:
    from satchel.api.connection import Hello

    return Hello(client, session, org, token, (2, 3))


def test_both_clients_are_reachable_from_the_package() -> None:
    """``satchel.connect`` and the names of ``satchel.client``."""
    import satchel
    from satchel import client

    assert satchel.connect is connect
    assert client.open_client is open_client
    assert client.Client is Client
    assert client.AsyncClient is AsyncClient
    with pytest.raises(AttributeError):
        client.nothing  # noqa: B018 - the access is the test
