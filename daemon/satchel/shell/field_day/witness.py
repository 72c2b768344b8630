"""Takes the evidence from outside: sockets, the hub's log, the ledgers.  Judges nothing."""

from __future__ import annotations

from typing import Any

from satchel.model.outcome import Code
from satchel.shell.field_day.hub import Hub
from satchel.shell.field_day.ledger import Evidence, Loss, Ruling, Standing
from satchel.shell.field_day.person import Person

TABLES = ("account", "contact", "lead", "opportunity", "task")
"""The tables that the story writes to."""


async def gather(hub: Hub, people: list[Person]) -> Evidence:
    """Everything that the checks need to know."""
    digest = await hub.order("hub.digest")
    replicas = {person.name: _standing(await person.client.digest()) for person in people}
    ours = {written.replica for person in people for written in person.ledger}
    # All replicas hold the same records, and they are compared by their digests.
    conflicts = [each async for each in people[0].client.conflicts(all=True)]
    return Evidence(
        written=[written for person in people for written in person.ledger],
        rulings=[ruling for ruling in await _rulings(hub) if ruling.replica in ours],
        replicas=replicas,
        hub=Standing(digest["seq"], digest["digest"], 0, 0),
        rows=await _rows(hub),
        parked=frozenset([entry for person in people for entry in await _parked(person)]),
        losses=_losses(conflicts),
        conflicts=len(conflicts),
    )


def _standing(digest: dict[str, Any]) -> Standing:
    return Standing(digest["cursor"], digest["digest"], digest["overlay"], digest["outbox"])


async def _rulings(hub: Hub) -> list[Ruling]:
    rulings = []
    for seq, replica, ctr, code, detail in await hub.log():
        name = code if isinstance(code, str) else Code(code).name
        message = str((detail or {}).get("message", ""))
        text = replica.hex() if isinstance(replica, bytes) else str(replica)
        rulings.append(Ruling(seq, text, ctr, name, message))
    return rulings


async def _rows(hub: Hub) -> dict[tuple[str, str], dict[str, Any] | None]:
    rows: dict[tuple[str, str], dict[str, Any] | None] = {}
    for table in TABLES:
        after = None
        while True:
            page = await hub.order("hub.rows", table=table, **({"after": after} if after else {}))
            for row in page["rows"]:
                rows[table, row["id"]] = row["columns"] if row["alive"] else None
            after = page["next"]
            if after is None:
                break
    return rows


async def _parked(person: Person) -> list[tuple[str, int]]:
    return [(entry["replica"], entry["ctr"]) async for entry in person.client.quarantine()]


def _losses(conflicts: list[dict[str, Any]]) -> list[Loss]:
    """Every value that a conflict record keeps."""
    losses = []
    for conflict in conflicts:
        kept = conflict["lost"]["value"]
        for column, value in (kept if isinstance(kept, dict) else {}).items():
            losses.append(Loss(conflict["table"], conflict["row"], column, value))
    return losses
