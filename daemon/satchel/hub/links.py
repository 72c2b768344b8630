"""Links: what the hub remembers of a device between its HELLO and the next.

Owns the table of links, each with its window of used request numbers, and the nonces of
recent HELLOs, so that a recorded request, HELLO included, does nothing when it is sent
again.  In memory only: a hub that has restarted knows no link, and devices say hello.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from satchel.model import limits
from satchel.model.errors import Denied
from satchel.wire.envelope import Certificate, LinkWindow


class Link:
    """One device's link.  ``seen_ms``: the hub's time of its latest request."""

    __slots__ = ("certificate", "id", "seen_ms", "window")

    def __init__(self, link: bytes, certificate: Certificate, now_ms: int) -> None:
        self.id: Final = link
        self.certificate: Final = certificate
        self.window: Final = LinkWindow()
        self.seen_ms = now_ms


class LinkTable:
    """All links of one hub process, of all its organisations; the oldest make room.

    Kept by device, whose id the hub has made: a replica chooses its own, and could choose
    another's.
    """

    __slots__ = ("_links", "_nonces", "_of_device")

    def __init__(self) -> None:
        self._links: OrderedDict[bytes, Link] = OrderedDict()
        self._of_device: dict[bytes, deque[bytes]] = {}
        self._nonces: OrderedDict[bytes, deque[bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._links)

    def open(self, certificate: Certificate, nonce: bytes, link: bytes, now_ms: int) -> Link:
        """A new link under the fresh id ``link``.  Ask only after the HELLO has proved itself.

        Raises Denied REPLAYED for a nonce that the device has used.
        """
        device = certificate.device
        used = self._nonces.setdefault(device, deque(maxlen=limits.HELLO_NONCES_MAX))
        if nonce in used:
            raise Denied("REPLAYED", "This greeting has been used.")
        used.append(nonce)
        self._nonces.move_to_end(device)
        if len(self._nonces) > limits.LINKS_MAX:
            self._nonces.popitem(last=False)
        made = self._links[link] = Link(link, certificate, now_ms)
        own = self._of_device.setdefault(device, deque())
        own.append(link)
        if len(own) > limits.LINKS_PER_DEVICE_MAX:
            self._forget(own[0])  # its own: one device cannot push out the others'
        elif len(self._links) > limits.LINKS_MAX:
            self._forget(next(iter(self._links)))
        return made

    def find(self, link: bytes) -> Link:
        """The link of that id.  Raises Denied UNKNOWN_LINK."""
        found = self._links.get(link)
        if found is None:
            raise Denied("UNKNOWN_LINK", "This hub does not know this link: say hello again.")
        return found

    def use(self, link: Link, n: int, now_ms: int) -> None:
        """Use request number ``n``.  Ask only after the signature has held.

        Raises Denied REPLAYED where it was used.
        """
        if not link.window.accepts(n):
            raise Denied("REPLAYED", "This request has been used.", "Say hello again.")
        link.seen_ms = now_ms
        if link.id in self._links:
            self._links.move_to_end(link.id)

    def last_seen(self) -> dict[bytes, int]:
        """Device to the hub's time (ms) of its latest request, of those that have a link."""
        seen: dict[bytes, int] = {}
        for link in self._links.values():
            device = link.certificate.device
            seen[device] = max(link.seen_ms, seen.get(device, 0))
        return seen

    def _forget(self, link: bytes) -> None:
        device = self._links.pop(link).certificate.device
        own = self._of_device[device]
        own.remove(link)
        if not own:
            del self._of_device[device]
