"""Joining an organisation, joining again, and leaving it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from satchel.config import Layout
from satchel.model import limits
from satchel.shell import joining
from tests.shell.home import Home, joined, new_layout, refusal, running_daemon
from tests.shell.hub import Hub, running_hub
from tests.shell.loopback import run


def test_joining_twice_and_leaving() -> None:
    """One daemon holds one organisation of a name; it is left only when nothing would be lost."""

    async def test(hub: Hub, home: Home) -> None:
        error = await refusal(home.join(hub, "Second User"))
        assert error.code == "ALREADY_EXISTS"
        assert len(stores(home.daemon.layout)) == 1
        await home.call("sync", action="pause")
        await home.call("create", table="account", columns={"name": "A"})
        error = await refusal(home.call("org.leave", org="Contoso"))
        assert (error.code, error.details["outbox"]) == ("REFUSED", 1)
        await home.call("org.leave", org="Contoso", discard=True)
        assert stores(home.daemon.layout) == []
        assert (await refusal(home.call("tables"))).code == "NOT_JOINED"
        await home.join(hub, "Third User")
        await home.loaded()

    joined(test)


def stores(layout: Layout) -> list[str]:
    """The stores under a home."""
    return [str(path) for path in Path(layout.data).glob("*/*/store")]


def test_a_lost_answer_to_an_invite(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invite whose answer was lost is tried again with the same key, and answered again."""
    makes = joining.make_store

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub, running_daemon(layout) as home:
                await hub.order("hub.user.add", name="Fay Field")
                invite = (await hub.order("hub.invite", user="Fay Field"))["invite"]

                def lost(*_: Any) -> Any:
                    monkeypatch.setattr(joining, "make_store", makes)
                    raise OSError("lost")

                monkeypatch.setattr(joining, "make_store", lost)
                with pytest.raises(OSError, match="lost"):
                    await home.call("join", hub=hub.link.origin, invite=invite)
                await home.call("join", hub=hub.link.origin, invite=invite)
                await home.loaded()
                devices = await hub.order("hub.device.list")
                assert len(devices["devices"]) == 1

    run(main)


def test_a_certificate_that_has_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose certificate has expired goes on as the same replica with a new invite."""

    async def main() -> None:
        with new_layout() as layout:
            async with running_hub() as hub, running_daemon(layout) as home:
                monkeypatch.setattr(limits, "CERTIFICATE_MS", 0)
                await home.join(hub)
                monkeypatch.undo()
                (org,) = home.daemon.organisations
                while (await home.call("status"))["orgs"][0]["state"] != "expired":
                    await org.device.changed.wait()
                replica = org.device.replica.identity.replica
                invite = (await hub.order("hub.invite", user="Fay Field"))["invite"]
                await home.call("join", hub=hub.link.origin, invite=invite)
                await home.loaded()
                (org,) = home.daemon.organisations
                assert org.device.replica.identity.replica == replica
            async with running_daemon(layout) as home:
                assert len(home.daemon.organisations) == 1

    run(main)
