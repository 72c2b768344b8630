"""Waiting until this device has what the hub has: the first download, and ``sync wait``.

The daemon is asked to wait, a little at a time, so that what it has done so far can be
shown meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from satchel.client.blocking import Client
from satchel.model.errors import Denied, SatchelError, Trouble, Unavailable
from satchel_cli.progress import progress

_STEP_S: Final = 0.25

_STUCK: Final[dict[str, tuple[type[SatchelError], str, str, str]]] = {
    "offline": (
        Unavailable,
        "HUB_UNREACHABLE",
        "The hub cannot be reached",
        "The daemon keeps trying by itself; see satchel status.",
    ),
    "paused": (
        Unavailable,
        "PAUSED",
        "Synchronising is paused",
        "Go on with: satchel sync resume",
    ),
    "revoked": (
        Denied,
        "REVOKED",
        "The hub has revoked this device",
        "Ask the office for a new invite.",
    ),
    "expired": (
        Denied,
        "EXPIRED",
        "This device's certificate has expired",
        "Ask the office for a new invite.",
    ),
    "fork": (
        Trouble,
        "FORK",
        "This store is a copy of one that has gone on elsewhere",
        "Nothing is dropped; see satchel status and satchel outbox.",
    ),
}
"""States in which waiting is in vain: error class, code, sentence, remedy."""


def first_download(client: Client, org_name: str, *, quiet: bool) -> dict[str, Any]:
    """Wait for the first download; the organisation's status then.

    Raises as ``_STUCK`` says, HUB_UNREACHABLE included: the device has joined all the same.
    """

    def look(org: dict[str, Any]) -> int:
        if org["state"] in _STUCK:
            raise _stuck(org)
        return int((org["loading"] or org)["rows"])

    with progress("First download", "rows", wanted=not quiet) as tell:
        return _wait(client, org_name, None, lambda org: tell(look(org), None))


def all_decided(client: Client, timeout_s: float | None, *, quiet: bool) -> dict[str, Any]:
    """Wait until the hub has decided all work and it shows here; the status then.

    Being offline is waited out.  Raises TIMEOUT after ``timeout_s`` seconds (None: never),
    and as ``_STUCK`` says.
    """

    def look(org: dict[str, Any]) -> int:
        if org["state"] in _STUCK and org["state"] != "offline":
            raise _stuck(org)
        return int(org["outbox"])

    with progress("Waiting for the hub", "changes to go", wanted=not quiet) as tell:
        return _wait(client, client.org, timeout_s, lambda org: tell(look(org), None))


def _wait(
    client: Client,
    org_name: str | None,
    timeout_s: float | None,
    look: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    deadline = None if timeout_s is None else monotonic() + timeout_s
    while True:
        left_s = _STEP_S if deadline is None else min(_STEP_S, deadline - monotonic())
        try:
            return client.sync("wait", max(0.0, left_s))
        except Unavailable as waiting:
            if waiting.code != "TIMEOUT" or left_s < _STEP_S:
                raise
        look(_find(client, org_name))


def _find(client: Client, name: str | None) -> dict[str, Any]:
    orgs: list[dict[str, Any]] = client.status()["orgs"]
    return next(org for org in orgs if name in (None, org["org"], org["org_id"]))


def _stuck(org: dict[str, Any]) -> SatchelError:
    kind, code, sentence, remedy = _STUCK[org["state"]]
    reason = f" ({org['last_error']['message']})" if org["last_error"] else ""
    return kind(code, f"{sentence}{reason}.", remedy, {"org": org["org"], "state": org["state"]})
