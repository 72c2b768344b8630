"""Commands that wait: for a verdict, for a sync to end, for the next change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from satchel.engine import journal, outbox, reading
from satchel.model.errors import Missing, Unavailable
from satchel.model.limits import CHANGES_LINES_MAX
from satchel.model.outcome import plain_detail
from satchel.shell.device import Device
from satchel.shell.status import org_status
from satchel.shell.syncing import Syncing

_FOREVER_MS = 7 * 24 * 3600 * 1000


async def await_change(device: Device, given: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ``await``: where an own changeset is, once it is far enough.

    Raises Missing NO_SUCH_ENTRY for a counter never written here; Unavailable TIMEOUT with
    the state so far in its details.
    """
    ctr, until = given["ctr"], given["until"]
    own = device.replica.identity.replica
    state: dict[str, Any] = {}
    with trio.move_on_after(_seconds(given["timeout_ms"])):
        while True:
            found = device.read(lambda txn: outbox.state_of(txn, own, ctr))
            if found is None:
                raise Missing("NO_SUCH_ENTRY", f"Change {ctr} was never written on this device.")
            state = found
            hint = device.hints.get(ctr)
            if state["state"] == "durable" and hint is not None:
                state = {
                    "state": "decided",
                    "code": hint.code,
                    "seq": hint.seq,
                    "detail": plain_detail(hint.detail),
                }
            if state["state"] == "visible" or state["state"] == until:
                return state
            await device.changed.wait()
    raise Unavailable(
        "TIMEOUT",
        f"Change {ctr} is {state.get('state', 'durable')}, not yet {until}.",
        "It is safe here and goes on by itself; see: satchel status",
        state,
    )


async def sync(device: Device, syncing: Syncing, given: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ``sync``: a wish, or waiting until all is decided and visible."""
    action = given["action"]
    if action != "wait":
        await syncing.ask(action)
        return org_status(device, syncing)
    own = device.replica.identity.replica
    with trio.move_on_after(_seconds(given["timeout_ms"])):
        while (
            device.read(lambda txn: outbox.waiting(txn, own))
            or not device.is_loaded()
            or syncing.status.state == "connecting"
        ):
            if syncing.status.state == "paused":
                raise Unavailable(
                    "PAUSED", "Sync is paused.", "Resume it with: satchel sync resume"
                )
            await device.changed.wait()
        return org_status(device, syncing)
    waiting = device.read(lambda txn: outbox.waiting(txn, own))
    status = org_status(device, syncing)
    raise Unavailable(
        "TIMEOUT",
        f"{waiting} change(s) still wait for the hub; sync is {status['state']}.",
        "They are safe here and go on by themselves; see: satchel status",
        {"outbox": waiting, "state": status["state"]},
    )


class JournalWatch:
    """The source of one ``watch``: journal lines past a position, one event for each line.

    The position comes first, at once.  A reader too far behind is told to read afresh.
    """

    def __init__(self, device: Device, since: int | None) -> None:
        self._device = device
        self._position = since
        self._lines: list[dict[str, Any]] = []
        self._started = False

    async def next(self) -> dict[str, Any]:
        """The next line, or ``{"position", "reload": true}``."""
        if not self._started:
            self._started = True
            if self._position is None:
                self._position = self._device.journal_position()
            return {"position": self._position, "rows": []}
        while not self._lines:
            found = self._read()
            if found["reload"]:
                self._position = found["position"]
                return {"position": self._position, "reload": True}
            self._lines = found["changes"]
            if not self._lines:
                await self._device.changed.wait()
        line = self._lines.pop(0)
        self._position = line["position"]
        return line

    def _read(self) -> dict[str, Any]:
        since = self._position or 0
        device = self._device
        if device.read(journal.position) == since:
            return {"changes": [], "position": since, "reload": False}
        return device.read(
            lambda txn: reading.changes(txn, device.replica, since, CHANGES_LINES_MAX)
        )


def _seconds(timeout_ms: int | None) -> float:
    return (_FOREVER_MS if timeout_ms is None else min(timeout_ms, _FOREVER_MS)) / 1000
