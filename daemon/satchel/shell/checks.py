"""What ``satchel doctor`` has the daemon look at: its folders, store, socket, clock and hub."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from satchel.config import SOCKET_PATH_BYTES_MAX, Layout
from satchel.model.errors import SatchelError
from satchel.model.limits import CLOCK_SKEW_WARN_MS
from satchel.shell.device import Device
from satchel.shell.hub_link import HubLink
from satchel.shell.syncing import Syncing

_HUB_S = 5.0


async def doctor(
    layout: Layout, orgs: Sequence[tuple[Device, Syncing]]
) -> dict[str, list[dict[str, Any]]]:
    """Every check with a plain verdict and, where it fails, a remedy."""
    found = [
        _private("data folder", layout.data),
        _private("run folder", layout.run),
        _socket_length(layout),
    ]
    for device, syncing in orgs:
        found += [_flags(device), _clock(device, syncing), await _hub(device)]
    return {"checks": found}


def _check(name: str, ok: bool, message: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "message": message, "remedy": "" if ok else remedy}


def _private(name: str, path: str) -> dict[str, Any]:
    try:
        facts = Path(path).stat()
    except OSError as missing:
        return _check(name, False, f"{path}: {missing.strerror}.", f"Create it: mkdir -p {path}")
    mode = stat.S_IMODE(facts.st_mode)
    if facts.st_uid != os.geteuid() or mode & 0o077:
        return _check(
            name, False, f"{path} is open to others (mode {mode:o}).", f"Run: chmod 700 {path}"
        )
    return _check(name, True, f"{path} is private.")


def _socket_length(layout: Layout) -> dict[str, Any]:
    length = len(layout.socket.encode())
    return _check(
        "socket path",
        length <= SOCKET_PATH_BYTES_MAX,
        f"The socket path has {length} of at most {SOCKET_PATH_BYTES_MAX} bytes.",
        "Choose a shorter --home.",
    )


def _flags(device: Device) -> dict[str, Any]:
    flags = device.store.info()["flags"]
    safe = bool(flags.get("sync", True) and flags.get("metasync", True)) and not flags.get(
        "writemap", False
    )
    return _check(
        f"durability of {device.name}",
        safe,
        "Every answer waits for the disk." if safe else "The store does not wait for the disk.",
        "Restart the daemon; if this stays, reinstall Satchel.",
    )


def _clock(device: Device, syncing: Syncing) -> dict[str, Any]:
    skew = abs(syncing.status.skew_ms)
    return _check(
        f"clock of {device.name}",
        skew < CLOCK_SKEW_WARN_MS,
        f"The clock is {skew // 1000} s off the hub's." if skew else "The clock agrees.",
        "Set the clock of this machine, or let it follow a time server.",
    )


async def _hub(device: Device) -> dict[str, Any]:
    identity = device.replica.identity
    name = f"hub of {device.name}"
    try:
        link = HubLink(identity.hub_url, ca_file=identity.hub_ca, insecure=identity.insecure)
        try:
            with trio.fail_after(_HUB_S + 1):
                await link.health(_HUB_S)
        finally:
            await link.aclose()
    except SatchelError as error:
        return _check(name, False, error.message, error.remedy)
    except trio.TooSlowError:
        return _check(name, False, f"{identity.hub_url} does not answer.", "Check the network.")
    return _check(name, True, f"{identity.hub_url} answers.")
