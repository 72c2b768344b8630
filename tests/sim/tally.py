"""How often each fault, op and outcome code occurred: a thing that never happens proves nothing.

``KNOWN`` lists what a run of enough seeds must have seen.
"""

from __future__ import annotations

from collections import Counter

from satchel.model.outcome import Code

FAULTS = (
    "request lost", "answer lost", "request duplicated", "request replayed", "delayed",
    "cut in mid-frame", "answer late", "one-way partition", "offline", "device crash before commit",
    "device crash after commit", "device killed", "hub crash before commit",
    "hub crash after commit", "hub killed", "device disk full", "hub disk full",
    "device map full", "hub map full", "clock skew", "clock drift", "coarse clock",
    "clock set back", "hub clock set", "pulls torn",
)  # fmt: skip
OPS = (
    "create", "update", "group", "lookup", "upsert", "delete", "restore", "link", "unlink",
    "with version", "several ops", "doomed create", "dependant", "repeated request", "denied",
    "retry", "restore and retry", "edit and retry", "discard", "build aside",
)  # fmt: skip
CODES = tuple(
    code.name
    for code in (
        Code.OK, Code.CONFLICT, Code.GONE, Code.TARGET_GONE, Code.RESTRICT, Code.DUP_ID, Code.DEP,
    )
)  # fmt: skip
KNOWN = {"faults": FAULTS, "ops": OPS, "outcomes": CODES}


class Tally:
    """Counters under the three headings of ``KNOWN``."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {heading: Counter() for heading in KNOWN}

    def fault(self, name: str) -> None:
        """A fault was injected and took effect."""
        assert name in FAULTS, name
        self.counts["faults"][name] += 1

    def op(self, name: str) -> None:
        """A person did this."""
        assert name in OPS, name
        self.counts["ops"][name] += 1

    def outcome(self, name: str) -> None:
        """The hub decided so."""
        self.counts["outcomes"][name] += 1

    def add(self, other: Tally) -> None:
        """Take in another run's."""
        for heading, counter in other.counts.items():
            self.counts[heading].update(counter)

    def missing(self) -> list[str]:
        """What should have occurred and never did."""
        return [
            f"{heading}: {name}"
            for heading, names in KNOWN.items()
            for name in names
            if not self.counts[heading][name]
        ]

    def lines(self) -> list[str]:
        """The table, a heading a line."""
        return [
            f"{heading}: "
            + ", ".join(
                f"{name} {self.counts[heading][name]}"
                for name in dict.fromkeys((*names, *sorted(self.counts[heading])))
            )
            for heading, names in KNOWN.items()
        ]
