"""The hub's port over real HTTP: what it answers, how it waits, and who waits for whom."""

from __future__ import annotations

from base64 import b85encode
from functools import partial
from random import Random

import pytest
import trio

from satchel.hub.reception import Reception
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.schema.validate import create_values
from satchel.wire.codec import unpack
from satchel.wire.envelope import AUTH_HEADER, CONTENT_TYPE, HEALTH_TEXT, SYNC_PATH
from satchel.wire.frame import FrameType
from tests.devices import HandMadeDevice, read_frames
from tests.shell.hub import SYSTEM_USER, Hub, running_hub
from tests.shell.loopback import post, read_until_closed, run

FRAMES = f"Content-Type: {CONTENT_TYPE}"


async def raw(hub: Hub, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one request, on a connection of its own."""
    stream = await hub.http.connect()
    async with stream:
        await stream.send_all(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        head, _, body = (await read_until_closed(stream)).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def test_every_path_and_method_has_its_answer() -> None:
    """Health to anybody, frames at one path, and a sentence for everything else."""

    async def test() -> None:
        async with running_hub() as hub:
            get = b"GET %s HTTP/1.1\r\nHost: hub\r\n\r\n"
            assert await raw(hub, get % b"/v1/health") == (200, f"{HEALTH_TEXT}\n".encode())
            assert (await raw(hub, get % b"/"))[0] == 404
            assert (await raw(hub, get % SYNC_PATH.encode()))[0] == 405
            assert (await raw(hub, post(b"", FRAMES, path="/v1/health")))[0] == 405
            assert (await raw(hub, post(b"", path=SYNC_PATH)))[0] == 415
            other = "Content-Type: application/vnd.satchel+msgpack; v=2"
            assert (await raw(hub, post(b"", other, path=SYNC_PATH)))[0] == 415

    run(test)


def test_a_refusal_of_the_protocol_is_an_ordinary_answer() -> None:
    """Status 200 and an ERR frame with the number of the request, whatever was wrong."""

    async def test() -> None:
        async with running_hub() as hub:
            device = HandMadeDevice()
            device.link = b"x" * 16
            auth, body = device.pull()
            for header, sent, code, req in (
                (auth, body, "UNKNOWN_LINK", 1),
                ("", body, "BAD_SIGNATURE", 1),
                (auth, body[:-1], "BAD_FRAME", 0),
                (auth, b"", "BAD_FRAME", 0),
            ):
                request = post(sent, FRAMES, f"{AUTH_HEADER}: {header}", path=SYNC_PATH)
                status, answer = await raw(hub, request)
                (error,) = read_frames(answer)
                assert (status, error.type, error.req) == (200, FrameType.ERR, req)
                assert unpack(error.payload)["code"] == code

    run(test)


def test_a_device_joins_pushes_and_pulls() -> None:
    """The whole conversation, over the device's own link."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            for number in range(100, 300):
                device.write(hub.account(number, f"Account {number}"))
            assert (await hub.answer(device.push_all()))["processed"] == 200
            frames = await hub.ask(device.pull())
            assert frames[-1].type is FrameType.FLIP
            assert unpack(frames[-1].payload)["flip"][3] == hub.desk.head
            entries = sum(len(unpack(frame.payload)["entries"]) for frame in frames[:-1])
            assert entries > 200

    run(test)


def test_a_pull_waits_for_news_and_gets_them_at_once() -> None:
    """A colleague's push ends the wait; it is not the wait's own time that does."""

    async def test() -> None:
        async with running_hub() as hub:
            device, other = await hub.device(1), await hub.device(2, "Olaf Office")
            cursor = (await hub.answer(device.pull()))["flip"][2]
            other.write(hub.account(100, "News"))
            answers: list[dict[str, object]] = []

            async def poll() -> None:
                answers.append(await hub.answer(device.pull(cursor, wait_ms=50_000)))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll)
                await trio.testing.wait_all_tasks_blocked(0.05)
                assert answers == []
                await hub.answer(other.push_all())
            flip = answers[0]["flip"]
            assert isinstance(flip, list)
            assert flip[3] == hub.desk.head

    run(test)


def test_an_administrators_work_ends_a_wait_too() -> None:
    """A head that has moved is news, whoever moved it."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hub.answer, device.pull(cursor, wait_ms=50_000))
                await trio.testing.wait_all_tasks_blocked(0.05)
                await hub.order("hub.user.add", name="Newcomer")

    run(test)


def test_a_wait_ends_in_its_time() -> None:
    """Then the answer is a FLIP from where the device stands to where it stands."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            frames = await hub.ask(device.pull(cursor, wait_ms=30))
            assert [frame.type for frame in frames] == [FrameType.FLIP]
            flip = unpack(frames[0].payload)["flip"]
            assert flip[1] == flip[3] == hub.desk.head

    run(test)


def test_a_newer_pull_of_a_device_ends_the_older() -> None:
    """A device that was cut off asks again; nobody waits for the answer to what was before."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            ended: list[int] = []

            async def poll(name: int) -> None:
                await hub.answer(device.pull(cursor, wait_ms=50_000))
                ended.append(name)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll, 1)
                await trio.testing.wait_all_tasks_blocked(0.05)
                nursery.start_soon(poll, 2)
                await trio.testing.wait_all_tasks_blocked(0.05)
                assert ended == [1]
                hub.server.stop()
            assert ended == [1, 2]

    run(test)


def test_a_hub_that_stops_answers_who_waits() -> None:
    """And lets nobody wait any more: a drain takes no longer than its slowest request."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hub.answer, device.pull(cursor, wait_ms=50_000))
                await trio.testing.wait_all_tasks_blocked(0.05)
                hub.server.stop()
            await hub.answer(device.pull(cursor, wait_ms=50_000))

    run(test)


def test_a_device_revoked_while_it_waits_gets_nothing() -> None:
    """What it would have been told is refused when there is something to tell."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            cursor = (await hub.answer(device.pull()))["flip"][2]
            refused: list[str] = []

            async def poll() -> None:
                with pytest.raises(SatchelError) as caught:
                    await hub.answer(device.pull(cursor, wait_ms=50_000))
                refused.append(caught.value.code)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(poll)
                await trio.testing.wait_all_tasks_blocked(0.05)
                await hub.order("hub.device.revoke", device="field laptop")
                await hub.order("hub.user.add", name="Newcomer")
            assert refused == ["REVOKED"]

    run(test)


def test_one_who_takes_no_answer_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """His download is held, within bounds; meanwhile another gets his page by page, and in
    one piece as soon as the first has gone."""
    monkeypatch.setattr(limits, "PULLS_BYTES_MAX", 8 << 20)

    async def test() -> None:
        async with running_hub() as hub:
            stalled, other = await hub.device(1), await hub.device(2, "Olaf Office")
            await write_megabytes(hub, other, 9)
            auth, body = stalled.pull(bytes_max=limits.PULL_BYTES_MAX)
            stream = await hub.http.connect()
            await stream.send_all(post(body, FRAMES, f"{AUTH_HEADER}: {auth}", path=SYNC_PATH))
            await stream.receive_some(1)
            pull = partial(other.pull, bytes_max=limits.PULL_BYTES_MAX)
            assert await bytes_pulled(hub, pull()) < 1 << 20
            await stream.aclose()
            while await bytes_pulled(hub, pull()) < 7 << 20:
                await trio.testing.wait_all_tasks_blocked(0.05)

    run(test)


async def write_megabytes(hub: Hub, device: HandMadeDevice, count: int) -> None:
    """Notes that no compression makes small."""
    table = hub.catalog.table("annotation")
    owner = hub.catalog.number_of("systemuser"), SYSTEM_USER
    for megabyte in range(count):
        for number in range(10 * megabyte, 10 * megabyte + 10):
            text = b85encode(Random(number).randbytes(76_000)).decode()
            values = create_values(hub.catalog, table, {"notetext": text}, owner)
            device.write_row(table.number, (1_000 + number).to_bytes(16, "big"), values)
        first = 10 * megabyte
        part, chain = device.outbox[first:], device.chain_at(first)
        assert (await hub.answer(device.push(first + 1, part, chain)))["processed"] == device.ctr


async def bytes_pulled(hub: Hub, request: tuple[str, bytes]) -> int:
    return sum(len(frame.payload) for frame in await hub.ask(request))


def test_a_fault_in_the_hub_is_one_requests_trouble(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers 500, its log says why, and the next request is served."""

    async def test() -> None:
        async with running_hub() as hub:
            device = await hub.device()
            with monkeypatch.context() as planted:
                planted.setattr(Reception, "take", lambda *_: 1 / 0)
                with pytest.raises(SatchelError):
                    await hub.ask(device.pull())
            assert (await hub.ask(device.pull()))[-1].type is FrameType.FLIP
        assert any(record.exc_info for record in caplog.records)

    run(test)
