"""A hub and the daemons of some people, as real processes that may end and come back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

import satchel
from tests.e2e.processes import PATIENCE_S, HubProcess, Process, init_hub, temporary_home

HUB: Final = "hub"


class Field:
    """The processes come and go; their homes, and the hub's address, stay.

    Everything ends with ``stack``.
    """

    def __init__(self, stack: ExitStack, people: Sequence[str], org: str = "Contoso") -> None:
        self._stack = stack
        self.homes = {name: stack.enter_context(temporary_home()) for name in (HUB, *people)}
        init_hub(self.homes[HUB], org)
        self.hub = stack.enter_context(HubProcess(self.homes[HUB]))
        self.daemons: dict[str, Process] = {}
        for name in people:
            self.restart(name)

    @property
    def port(self) -> int:
        """The hub's."""
        return int(self.hub.url.rpartition(":")[2])

    def process(self, name: str) -> Process:
        """The process that has this name now."""
        return self.hub if name == HUB else self.daemons[name]

    def restart(self, name: str) -> None:
        """Start it (again), and wait until it answers."""
        home = self.homes[name]
        if name == HUB:
            listen = self.hub.url.removeprefix("http://")
            self.hub = self._stack.enter_context(HubProcess(home, listen=listen))
        else:
            daemon = self._stack.enter_context(Process(home, "run"))
            daemon.wait_for_socket(daemon.layout.socket)
            self.daemons[name] = daemon

    def join(self, name: str, url: str | None = None) -> None:
        """Have somebody's daemon join, and wait for its first download.

        ``url``: how it reaches the hub, where that is not directly.
        """
        with satchel.connect(str(self.homes[name])) as client:
            client.join(url or self.hub.url, self.hub.invite(name))
            client.sync("wait", timeout=PATIENCE_S)

    def rows_at_hub(self, table: str) -> dict[str, dict[str, Any]]:
        """The living rows of a table, as the hub has them: id to columns."""
        rows: dict[str, dict[str, Any]] = {}
        after: dict[str, str] = {}
        while True:
            page = self.hub.order("hub.rows", table=table, limit=5_000, **after)
            rows |= {row["id"]: row["columns"] for row in page["rows"] if row["alive"]}
            if page["next"] is None:
                return rows
            after = {"after": page["next"]}

    def digests(self) -> dict[str, dict[str, Any]]:
        """How the replicas stand now: {"cursor", "digest", ...} by name."""
        hub = self.hub.order("hub.digest")
        told = {HUB: {"cursor": hub["seq"], "digest": hub["digest"]}}
        for name in self.daemons:
            with satchel.connect(str(self.homes[name])) as client:
                told[name] = client.digest()
        return told

    def troubles(self) -> list[str]:
        """Every line that looks like a failure in what the processes have logged and said."""
        return [
            f"{name}: {line}"
            for name, home in self.homes.items()
            for file in sorted((home / "logs").glob("*"))
            for line in file.read_text(errors="replace").splitlines()
            if "Traceback" in line or " ERROR " in line or " CRITICAL " in line
        ]
