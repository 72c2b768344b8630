"""How much one response to PULL may carry.

Owns one rule of sync.md 3.5: only a pass that fits one response can end in FLIP, so under
constant writing the response must grow until one does.  Must not know requests or states.
"""

from __future__ import annotations

from satchel.model.limits import PULL_BYTES_DEFAULT, PULL_BYTES_MAX


class Allowance:
    """Starts at ``PULL_BYTES_DEFAULT``; doubles, up to ``PULL_BYTES_MAX``, whenever a pass
    was no shorter than the one before it.

    A first download is one long pass and then ever shorter ones: it never asks for more.
    """

    __slots__ = ("_entries", "_entries_before", "_head", "bytes_max")

    def __init__(self) -> None:
        self.bytes_max = PULL_BYTES_DEFAULT
        self._head: int | None = None
        self._entries = 0
        self._entries_before: int | None = None

    def took(self, entries: int) -> None:
        """Some entries of the present pass have come."""
        self._entries += entries

    def more(self, head: int) -> None:
        """The response was full; ``head`` is where the pass that goes on will end."""
        if self._head is not None and head != self._head:
            if self._entries_before is not None and self._entries >= self._entries_before:
                self.bytes_max = min(2 * self.bytes_max, PULL_BYTES_MAX)
            self._entries_before = self._entries
            self._entries = 0
        self._head = head
