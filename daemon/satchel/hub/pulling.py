"""A PULL as the hub carries it out: one response, at once or when there is news.

Owns what counts as news.  How long a device waits, and what wakes it, is the shell's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from satchel.hub import answers
from satchel.hub.answers import Answer
from satchel.hub.desk import Desk
from satchel.hub.links import Link
from satchel.hub.requests import Pull


class Idle(NamedTuple):
    """Nothing has changed up to ``head``: look again when the head has moved."""

    head: int


class PullJob:
    """One PULL on its way.  ``wait_ms``: how long its device would wait for news;
    ``bytes_max``: what it would take at once."""

    def __init__(self, req: int, desk: Desk, link: Link, want: Pull) -> None:
        self.desk: Final = desk
        self.link: Final = link
        self.wait_ms: Final = want.wait_ms
        self.bytes_max: Final = want.bytes_max
        self._req: Final = req
        self._cursor: Final = want.cursor

    def step(self, now_ms: int, room: int, patient: bool) -> Answer | Idle:
        """One response of at most ``room`` bytes, or so.

        Idle only if ``patient``: else the answer is that there is no news.  Raises Denied,
        Trouble EPOCH.
        """
        size = min(self.bytes_max, room)
        response = self.desk.pull(self.link.certificate, self._cursor, size, now_ms)
        if patient and not response.entries and response.flip_to == response.base:
            return Idle(response.state.head)
        return answers.pulled(self._req, response, now_ms)
