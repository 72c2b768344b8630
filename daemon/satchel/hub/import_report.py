"""What an import has done so far: counts by section, and the bad lines.

Owns the shape of the answer to ``hub.import``; must not know how anything is imported.

    {"files": [{"section", "file", "read", "written", "unchanged", "skipped", "bad", "kept"}],
     "bad": [{"file", "line", "section", "reason"}], in the order of the map, "bad_total",
     "written", "unchanged", "kept", "done", "total", "finished": bool}

``read`` = written + unchanged + skipped + bad, in lines.  ``kept`` counts differences that
were left alone because somebody made them since the last import: values, deletions, links.
``done`` of ``total`` lines are behind us, those read in a second pass included.
"""

from __future__ import annotations

from typing import Any

from satchel.model.limits import IMPORT_BAD_LISTED_MAX


class Tally:
    """The counts of one section."""

    __slots__ = ("bad", "file", "kept", "read", "section", "skipped", "unchanged", "written")

    def __init__(self, section: str, file: str) -> None:
        self.section = section
        self.file = file
        self.read = 0
        self.written = 0
        self.unchanged = 0
        self.skipped = 0
        self.bad = 0
        self.kept = 0

    def settle(self, written: bool, before: bool | None) -> None:
        """Count a line once as written or unchanged.

        ``before``: how an earlier pass counted it (written or not), None if this is the first.
        """
        self._leave(before)
        if written or before:
            self.written += 1
        else:
            self.unchanged += 1

    def spoil(self, before: bool | None) -> None:
        """Count a line as bad, and no longer as what an earlier pass took it for."""
        self._leave(before)
        self.bad += 1

    def _leave(self, before: bool | None) -> None:
        if before is not None:
            self.written -= before
            self.unchanged -= not before


class Report:
    """The state of one import.  It goes on changing until ``finished``."""

    __slots__ = ("_bad", "done", "finished", "tallies", "total")

    def __init__(self, tallies: list[Tally], total: int) -> None:
        self.tallies = tallies
        self.done = 0
        self.total = total
        self.finished = False
        self._bad: list[tuple[int, int, str]] = []

    @property
    def bad_total(self) -> int:
        """Lines with something wrong, listed or not."""
        return sum(tally.bad for tally in self.tallies)

    def list_bad(self, tally: Tally, line: int, reason: str) -> None:
        """Tell a person of a bad line; beyond the bound only the count grows."""
        if len(self._bad) < IMPORT_BAD_LISTED_MAX:
            self._bad.append((self.tallies.index(tally), line, reason))

    def to_wire(self) -> dict[str, Any]:
        """The answer, as the module shows it."""
        bad = [(self.tallies[position], line, why) for position, line, why in sorted(self._bad)]
        return {
            "files": [{name: getattr(one, name) for name in _SHOWN} for one in self.tallies],
            "bad": [
                {"file": one.file, "line": line, "section": one.section, "reason": why}
                for one, line, why in bad
            ],
            "bad_total": self.bad_total,
            "written": sum(tally.written for tally in self.tallies),
            "unchanged": sum(tally.unchanged for tally in self.tallies),
            "kept": sum(tally.kept for tally in self.tallies),
            "done": self.done,
            "total": self.total,
            "finished": self.finished,
        }


_SHOWN = ("section", "file", "read", "written", "unchanged", "skipped", "bad", "kept")
