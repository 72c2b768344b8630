"""The daemon's answers: commands of the index, carried out on a real store beside a real hub."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from satchel.hub.author import write_changes
from satchel.model import changeset as cs
from satchel.model.errors import SatchelError
from satchel.model.ids import parse_id
from satchel.shell import clock
from satchel.shell.handlers import Actor
from tests.shell.home import Home, joined, new_layout, refusal, running_daemon
from tests.shell.hub import Hub, running_hub
from tests.shell.loopback import run

LINK = "accountleads_association"


async def account(home: Home, **columns: Any) -> str:
    """A new account."""
    receipt = await home.call("create", table="account", columns={"name": "A", **columns})
    rec: str = receipt["ids"][0]
    return rec


def test_a_daemon_that_has_joined_nothing() -> None:
    """It says so, with the way out; what is no organisation's business it answers."""

    async def main() -> None:
        with new_layout() as layout:
            async with running_daemon(layout) as home:
                status = await home.call("status")
                assert status["orgs"] == await home.call("orgs") == []
                assert await home.call("ping") == {}
                assert "satchel join" in (await home.call("status.text"))["text"]
                error = await refusal(home.call("tables"))
                assert error.code == "NOT_JOINED"
                assert "satchel join" in error.remedy
                error = await refusal(home.call("create", table="account", columns={}))
                assert error.code == "NOT_JOINED"
                assert home.daemon.greet(None).org is None
                with pytest.raises(SatchelError) as unknown:
                    home.daemon.greet("Elsewhere")
                assert unknown.value.code == "NO_SUCH_ORG"

    run(main)


def test_rows_and_links() -> None:
    """Create, get, update, upsert, list, delete, restore, link, unlink: each in its words."""

    async def test(hub: Hub, home: Home) -> None:
        await home.call("sync", action="pause")
        one = await account(home)
        row = await home.call("get", table="account", id=one)
        assert (row["id"], row["pending"], row["columns"]["name"]) == (one, True, "A")
        await home.call(
            "update", table="account", id=one, columns={"name": "B"}, version=row["version"]
        )
        error = await refusal(
            home.call(
                "update", table="account", id=one, columns={"name": "C"}, version=row["version"]
            )
        )
        assert error.code == "CONFLICT"
        assert error.details["columns"] == {"name": {"yours": "C", "theirs": "B"}}
        await home.call("upsert", table="account", id=one, columns={"telephone1": "1"})
        page = await home.call("list", table="account", columns=["name"])
        assert [row["columns"] for row in page["rows"]] == [{"name": "B"}]
        receipt = await home.call(
            "change",
            ops=[
                {"do": "create", "table": "lead", "columns": {"lastname": "L", "subject": "s"}},
                {"do": "delete", "table": "account", "id": one},
                {"do": "restore", "table": "account", "id": one},
            ],
        )
        lead = receipt["ids"][0]
        ends = {"relationship": LINK, "left": one, "right": lead}
        await home.call("link", **ends)
        assert (await home.call("links", relationship=LINK, id=one))["ids"] == [lead]
        await home.call("unlink", **ends)
        assert (await home.call("links", relationship=LINK, id=one))["ids"] == []
        changes = await home.call("changes", since=0)
        assert changes["changes"][-1]["rows"] == [
            {"relationship": LINK, "left": one, "right": lead, "kind": "unlink"}
        ]

    joined(test)


def test_what_waits_for_the_hub() -> None:
    """Paused, work waits in the outbox, listed and shown; `sync wait` says that it will not go."""

    async def test(hub: Hub, home: Home) -> None:
        await home.call("sync", action="pause")
        one = await account(home)
        await home.call("update", table="account", id=one, columns={"name": "B"})
        page = await home.call("outbox", limit=1)
        assert (page["total"], page["next"], len(page["entries"])) == (2, 1, 1)
        page = await home.call("outbox", after=page["next"])
        assert [entry["ops"][0]["do"] for entry in page["entries"]] == ["update"]
        shown = await home.call("outbox.show", ctr=2)
        assert shown["depends_on"] == [1]
        assert (await refusal(home.call("outbox.show", ctr=3))).code == "NO_SUCH_ENTRY"
        assert (await refusal(home.call("sync", action="wait"))).code == "PAUSED"
        late = await refusal(home.call("await", ctr=1, until="decided", timeout_ms=1))
        assert (late.code, late.details["state"]) == ("TIMEOUT", "durable")
        assert (await refusal(home.call("await", ctr=9, until="visible"))).code == "NO_SUCH_ENTRY"
        await home.call("sync", action="resume")
        await home.loaded()
        assert (await home.call("outbox"))["entries"] == []
        found = await home.call("await", ctr=2, until="decided", timeout_ms=1)
        assert (found["state"], found["code"]) == ("visible", "OK")

    joined(test)


def test_a_verdict_is_known_before_it_shows() -> None:
    """What the hub has answered to a push is "decided" until a FLIP makes it visible."""

    async def test(hub: Hub, home: Home) -> None:
        (org,) = home.daemon.organisations
        await home.call("sync", action="pause")
        await account(home)
        org.device.hint(1, 0, 7, None)
        found = await home.call("await", ctr=1, until="decided", timeout_ms=1)
        assert found == {"state": "decided", "code": "OK", "seq": 7, "detail": None}
        late = await refusal(home.call("await", ctr=1, until="visible", timeout_ms=1))
        assert late.details["state"] == "decided"
        org.device.hint(1, 99, 7, None)
        found = await home.call("await", ctr=1, until="decided", timeout_ms=1)
        assert found["code"] == "CODE_99"

    joined(test)


def test_refused_work() -> None:
    """Refused work is listed with its dependants, edited and tried again, or given up."""

    async def test(hub: Hub, home: Home) -> None:
        one = await account(home)
        await home.loaded()
        await home.call("sync", action="pause")
        receipt = await home.call(
            "create",
            table="contact",
            columns={"lastname": "C", "parentcustomerid": f"account:{one}"},
        )
        contact = receipt["ids"][0]
        await home.call("update", table="contact", id=contact, columns={"jobtitle": "j"})
        await home.call("update", table="account", id=one, columns={"name": "late"})
        await delete_at_the_hub(hub, one)
        await home.call("sync", action="resume")
        await home.loaded()
        page = await home.call("quarantine")
        assert [(entry["ctr"], entry["code"]) for entry in page["entries"]] == [
            (2, "TARGET_GONE"),
            (3, "DEP"),
            (4, "GONE"),
        ]
        assert page["entries"][0]["dependants"] == [3]
        assert page["entries"][1]["cause"]["ctr"] == 2
        assert (await home.call("status"))["orgs"][0]["quarantine"] == 3
        exported = await home.call("quarantine.export")
        assert [entry["ctr"] for entry in exported["entries"]] == [2, 3, 4]
        error = await refusal(home.call("quarantine.retry", ctr=2))
        assert error.code == "TARGET_GONE"
        assert len((await home.call("quarantine"))["entries"]) == 3
        edited = await home.call("quarantine.edit", ctr=2, columns={"parentcustomerid": None})
        assert [each["ctr"] for each in edited["receipts"]] == [5, 6]
        row = await home.call("get", table="contact", id=contact)
        assert row["columns"]["jobtitle"] == "j"
        again = await home.call("quarantine.retry", ctr=4, restore=True)
        assert len(again["receipts"]) == 1
        await home.loaded()
        row = await home.call("get", table="account", id=one)
        assert row["columns"]["name"] == "late"
        assert (await home.call("quarantine"))["entries"] == []
        assert (await refusal(home.call("quarantine.discard", ctr=4))).code == "NO_SUCH_ENTRY"

    joined(test)


async def delete_at_the_hub(hub: Hub, rec: str) -> None:
    """Somebody in the office deletes an account."""
    raw = parse_id(rec)
    assert raw is not None
    op = [cs.DELETE, hub.catalog.table("account").number, raw, 2]
    desk = hub.desk

    def work() -> Any:
        return desk.store.write(
            lambda txn: write_changes(txn, desk.office, [[op]], clock.now_ms(), bytes(16))
        )

    (outcome,) = await hub.thread.run(work)
    assert outcome.code == 0
    hub.server.look()


def test_a_repeated_command_takes_effect_once() -> None:
    """A number that has been answered gets its receipt again, whatever it says now."""

    async def test(hub: Hub, home: Home) -> None:
        columns = {"name": "A"}
        first = home.request("create", 1, 0, table="account", columns=columns)
        denied = home.request("create", 2, 0, table="account", columns={})
        third = home.request("create", 3, 0, table="account", columns=columns)
        one, no, three = await home.daemon.write(home.actor, [first, denied, third])
        assert isinstance(no, SatchelError)
        assert no.code == "MISSING_COLUMN"
        again = await home.daemon.write(home.actor, [first, denied, third])
        assert (again[0], again[2]) == (one, three)
        assert again[1].code == "DENIED_EARLIER"
        assert len((await home.call("list", table="account"))["rows"]) == 2
        confirming = home.request("create", 4, 3, table="account", columns=columns)
        await home.daemon.write(home.actor, [confirming])
        (expired,) = await home.daemon.write(home.actor, [first])
        assert expired.code == "SESSION_EXPIRED"
        other = Actor(0, 0, b"another session.", None)
        (fresh,) = await home.daemon.write(other, [first])
        assert fresh not in (one, three)

    joined(test)


def test_receipts_outlive_the_daemon_and_the_log() -> None:
    """After a FLIP has taken the log record, and after a restart, the receipt is still there."""

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub:
                columns = {"name": "A"}
                async with running_daemon(layout) as home:
                    await home.join(hub)
                    await home.loaded()
                    request = home.request("create", 1, 0, table="account", columns=columns)
                    (receipt,) = await home.daemon.write(home.actor, [request])
                    await home.loaded()
                    assert await home.daemon.write(home.actor, [request]) == [receipt]
                async with running_daemon(layout) as home:
                    request = home.request("create", 1, 0, table="account", columns=columns)
                    assert await home.daemon.write(home.actor, [request]) == [receipt]
                    assert len((await home.call("list", table="account"))["rows"]) == 1

    run(main)


def test_a_connection_that_was_replaced_runs_nothing() -> None:
    """What a superseded connection still has queued is not run."""

    async def test(hub: Hub, home: Home) -> None:
        request = home.request("create", table="account", columns={"name": "A"})
        home.presence.ended = True
        (answer,) = await home.daemon.write(home.actor, [request])
        assert answer.code == "BUSY"
        assert (await home.call("list", table="account"))["rows"] == []

    joined(test)


def test_a_watch() -> None:
    """First the position, then a line for each change; a follower too far behind reads afresh."""

    async def test(hub: Hub, home: Home) -> None:
        watch = home.daemon.watch(home.actor, home.request("watch"))
        start = await watch.next()
        assert start["rows"] == []
        events: list[Any] = []
        async with trio.open_nursery() as nursery:

            async def follow() -> None:
                events.append(await watch.next())

            nursery.start_soon(follow)
            await trio.testing.wait_all_tasks_blocked()
            one = await account(home)
        assert events[0]["rows"] == [{"table": "account", "id": one, "kind": "put"}]
        assert events[0]["position"] == start["position"] + 1
        lost = home.daemon.watch(home.actor, home.request("watch", since=10_000))
        await lost.next()
        assert (await lost.next())["reload"] is True

    joined(test)


def test_tables() -> None:
    """The catalogue is answered table by table."""

    async def test(hub: Hub, home: Home) -> None:
        tables = await home.call("tables")
        heads = {table["name"]: table for table in tables["tables"]}
        assert heads["account"]["set"] == "accounts"
        table = await home.call("table", name="account")
        columns = {column["name"]: column for column in table["columns"]}
        assert columns["primarycontactid"]["targets"] == ["contact"]
        assert (await refusal(home.call("table", name="nothing"))).code == "UNKNOWN_TABLE"

    joined(test)


def test_doctor() -> None:
    """Every check has a verdict in a sentence, and a remedy where it fails."""

    async def test(hub: Hub, home: Home) -> None:
        checks = (await home.call("doctor"))["checks"]
        assert {check["name"] for check in checks} >= {
            "data folder",
            "run folder",
            "socket path",
            "durability of Contoso",
            "clock of Contoso",
            "hub of Contoso",
        }
        assert all(check["ok"] and not check["remedy"] for check in checks), checks

    joined(test)
