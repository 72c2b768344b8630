"""The daemon: its open organisations, and the answers to every command.

Owns which organisation a command is about and which function answers it; the functions
themselves are in ``reads``, ``writes``, ``waits`` and ``joining``.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

import satchel
from satchel.config import Layout, Settings
from satchel.engine.replica import read_state
from satchel.model.errors import Clash, Missing, Mistake, SatchelError
from satchel.model.ids import id_text
from satchel.shell import checks, clock, joining, waits, writes
from satchel.shell.device import Device
from satchel.shell.handlers import Actor, Greeting, Request, Watch
from satchel.shell.reads import READS
from satchel.shell.status import daemon_status, org_status, status_text
from satchel.shell.syncing import Syncing

logger = logging.getLogger(__name__)


class Organisation:
    """One joined organisation while the daemon runs: its store and its sync."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.syncing = Syncing(device)
        self._syncing_scope = trio.CancelScope()
        self._writing_scope = trio.CancelScope(shield=True)
        self._ended = trio.Event()

    async def run(self) -> None:
        """Write and sync until ended.  The writer ends last: what sync has begun to write, it
        finishes, whoever is cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                try:
                    with self._syncing_scope:
                        await self.syncing.run()
                finally:
                    self._writing_scope.cancel()
        finally:
            self._ended.set()

    async def end(self) -> None:
        """Stop, and close the store when nobody uses it any more."""
        self._syncing_scope.cancel()
        await self._ended.wait()
        self.device.close()

    async def _write(self) -> None:
        with self._writing_scope:
            await self.device.writer.run()


class Daemon:
    """Implements :class:`satchel.shell.handlers.Handlers` for one home."""

    def __init__(self, layout: Layout, settings: Settings, device_name: str) -> None:
        self.layout = layout
        self.settings = settings
        self.stopping = trio.Event()
        self._device_name = settings.daemon.device or device_name
        self._started_ms = clock.now_ms()
        self._secret = clock.fresh_bytes(32)
        self._orgs: dict[str, Organisation] = {}
        self._applicant: joining.Applicant | None = None
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open every store under the home and keep them in sync until cancelled."""
        try:
            for path in self._stores():
                device = Device.open(path)
                self._orgs[device.name] = Organisation(device)
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for org in self.organisations:
                    nursery.start_soon(org.run)
                task_status.started()
                await trio.sleep_forever()
        finally:
            self._nursery = None
            for org in self.organisations:
                org.device.close()

    @property
    def organisations(self) -> list[Organisation]:
        """What is joined here."""
        return list(self._orgs.values())

    # -- what the server asks ------------------------------------------------------------------

    def greet(self, org: str | None) -> Greeting:
        """Settle what a connection is about.  Raises Missing NO_SUCH_ORG."""
        if org is not None or len(self._orgs) == 1:
            chosen = self._organisation(org).device
            identity = chosen.replica.identity
            schema = chosen.read(read_state).schema
            return Greeting(
                identity.session_secret,
                satchel.__version__,
                identity.org_name,
                identity.user_name,
                schema,
            )
        return Greeting(self._secret, satchel.__version__, None, None, 0)

    def read(self, actor: Actor, request: Request) -> Any:
        """Answer a reading command."""
        match request.command.name:
            case "ping":
                return {}
            case "stop":
                self.stopping.set()
                return {}
            case "status":
                return self._status()
            case "status.text":
                text = status_text(self._status(), clock.now_ms(), request.arguments["json"])
                return {"text": text, "exit": 0}
            case "orgs":
                return self._status()["orgs"]
        return READS[request.command.name](self._organisation(actor.org).device, request.arguments)

    async def write(
        self, actor: Actor, requests: Sequence[Request]
    ) -> Sequence[Any | SatchelError]:
        """Run writing commands in order, in as few transactions as the writer makes of them."""
        device = self._organisation(actor.org).device
        confirmed = max(request.confirmed for request in requests)
        device.window.confirm(actor.session, confirmed)
        return await device.writer.submit(
            [writes.work_of(device, actor, request) for request in requests]
        )

    async def wait(self, actor: Actor, request: Request) -> Any:
        """Answer a waiting command."""
        given = request.arguments
        match request.command.name:
            case "join":
                return await self._join(given)
            case "doctor":
                return await checks.doctor(
                    self.layout, [(org.device, org.syncing) for org in self.organisations]
                )
            case "org.leave":
                return await self._leave(given["org"], given["discard"])
        org = self._organisation(actor.org)
        if request.command.name == "await":
            return await waits.await_change(org.device, given)
        return await waits.sync(org.device, org.syncing, given)

    def watch(self, actor: Actor, request: Request) -> Watch:
        """Begin a watch of the journal."""
        device = self._organisation(actor.org).device
        return waits.JournalWatch(device, request.arguments["since"])

    def _stores(self) -> list[Path]:
        return sorted(Path(self.layout.data).glob("*/*/store"))

    # -- organisations ---------------------------------------------------------------------------

    def _organisation(self, name: str | None) -> Organisation:
        if name is None:
            if len(self._orgs) == 1:
                return next(iter(self._orgs.values()))
            if self._orgs:
                raise Mistake(
                    "BAD_REQUEST",
                    f"Several organisations are joined here: {', '.join(sorted(self._orgs))}.",
                    "Say which one, with --org NAME.",
                )
            raise Missing(
                "NOT_JOINED",
                "No organisation has been joined on this machine.",
                "Join one with: satchel join HUB INVITE",
            )
        org = self._orgs.get(name) or next(
            (
                each
                for each in self._orgs.values()
                if id_text(each.device.replica.identity.org) == name
            ),
            None,
        )
        if org is None:
            raise Missing(
                "NO_SUCH_ORG",
                f"The organisation {name!r:.80} has not been joined here.",
                "See what is joined with: satchel org",
            )
        return org

    def _status(self) -> dict[str, Any]:
        orgs = [(org.device, org.syncing) for org in self.organisations]
        return daemon_status(self.layout.home or self.layout.data, self._started_ms, orgs)

    async def _join(self, given: dict[str, Any]) -> dict[str, Any]:
        hub, insecure = given["hub"], given["insecure"]
        ca = given["ca"] or self.settings.daemon.ca or None
        name = given["device"] or self._device_name
        renewing = self._expired_at(hub)
        applicant = self._applicant
        if applicant is None or applicant.invite != given["invite"]:
            device = renewing.device if renewing else None
            applicant = self._applicant = joining.Applicant(given["invite"], device)
        answer = await joining.enrol(hub, name, applicant, ca, insecure)
        identity = joining.identity_of(answer, applicant, hub, name, ca, insecure)
        if renewing is not None:
            await joining.renew(renewing.device, answer)
            await renewing.syncing.ask("now")
        else:
            self._refuse_second(identity.org_name)
            self._open(joining.make_store(self.layout, identity, answer["epoch"]))
        self._applicant = None
        return {
            "org": identity.org_name,
            "user": identity.user_name,
            "device": identity.device_name,
            "replica": identity.replica.hex(),
        }

    def _expired_at(self, hub: str) -> Organisation | None:
        """The organisation at this hub whose certificate has run out, if there is one."""
        for org in self._orgs.values():
            error = org.syncing.status.last_error
            if (
                org.device.replica.identity.hub_url == hub
                and error is not None
                and error.code == "EXPIRED"
            ):
                return org
        return None

    def _refuse_second(self, name: str) -> None:
        if name in self._orgs:
            raise Clash(
                "ALREADY_EXISTS",
                f"An organisation named {name} is joined here already.",
                "One daemon holds one of each name; use another --home for a second user.",
            )

    def _open(self, device: Device) -> None:
        assert self._nursery is not None
        org = self._orgs[device.name] = Organisation(device)
        self._nursery.start_soon(org.run)

    async def _leave(self, name: str, discard: bool) -> dict[str, Any]:
        org = self._organisation(name)
        status = org_status(org.device, org.syncing)
        undecided = status["outbox"] + status["quarantine"]
        if undecided and not discard:
            raise Clash(
                "REFUSED",
                f"{undecided} change(s) are only on this machine; leaving would lose them.",
                "Sync first, or export them (satchel quarantine export), or say --discard.",
                {"outbox": status["outbox"], "quarantine": status["quarantine"]},
            )
        del self._orgs[org.device.name]
        with trio.CancelScope(shield=True):  # half a store must not stay behind
            await org.end()
        shutil.rmtree(org.device.store.path.parent)
        logger.info("left %s", name)
        return {}
