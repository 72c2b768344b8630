"""A device made by hand: keys, signatures and frames, and no daemon behind them.

It says to a hub what a device says, byte by byte, over whatever carries bytes; what it
knows of the answers it keeps in plain attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from satchel.model import changeset as cs
from satchel.model import hlc
from satchel.model.changeset import Context, Entry, Op
from satchel.model.ids import Dot
from satchel.wire import chain as chains
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import encode_entry
from satchel.wire.envelope import NO_LINK, SYNC_PATH, public_key, sign_request
from satchel.wire.frame import LAST, Frame, FrameReader, FrameType, encode, read_error

Post = Callable[[str, bytes], bytes]
"""From the signature header and the body of a request to the body of its answer."""


def read_frames(data: bytes) -> list[Frame]:
    """The frames of a whole answer."""
    reader = FrameReader()
    frames = list(reader.feed(data))
    reader.finish()
    return frames


class HandMadeDevice:
    """One replica.  Each request is made by a method that returns (header, body)."""

    def __init__(self, seed: int = 1) -> None:
        self.secret = bytes([seed]) * 32
        self.replica = b"replica" + bytes([seed])
        self.public = public_key(self.secret)
        self.org = bytes(16)
        self.user = bytes(16)
        self.certificate = b""
        self.hub_public = bytes(32)
        self.link = NO_LINK
        self.n = 0
        self.epoch = 1
        self.seen = 0
        """base_seq of the changesets it writes."""
        self.ctr = 0
        self.chain = chains.CHAIN_START
        self.outbox: list[bytes] = []
        self._nonces = 0
        self._clock = 1_700_000_000_000

    # -- requests ----------------------------------------------------------------------------

    def enrol(self, invite: str, /, **other: Any) -> tuple[str, bytes]:
        """ENROL with an invite."""
        fields = {
            "org": None, "org_name": None, "invite": invite, "replica": self.replica,
            "pubkey": self.public, "device": "field laptop", "proto": [1, 1],
        }  # fmt: skip
        return self._greeting(FrameType.ENROL, fields | other)

    def hello(self, **other: Any) -> tuple[str, bytes]:
        """HELLO with the certificate it has, and a nonce of its own."""
        self._nonces += 1
        fields = {
            "proto": [1, 1], "org": self.org, "replica": self.replica, "cert": self.certificate,
            "schema": 1, "features": 0, "nonce": self._nonces.to_bytes(16, "big"), "now_ms": 0,
        }  # fmt: skip
        return self._greeting(FrameType.HELLO, fields | other)

    def schema(self, version: int) -> tuple[str, bytes]:
        """SCHEMA."""
        return self.request(FrameType.SCHEMA, {"version": version})

    def push(self, first: int, entries: list[bytes], prev_chain: bytes) -> tuple[str, bytes]:
        """PUSH of these entries."""
        bundle = [1, self.replica, first, prev_chain, entries, first + len(entries) - 1, None]
        return self.request(FrameType.PUSH, {"bundle": bundle})

    def push_all(self) -> tuple[str, bytes]:
        """PUSH of everything written so far, from counter 1 on."""
        return self.push(1, self.outbox, chains.CHAIN_START)

    def pull(
        self, cursor: bytes | None = None, bytes_max: int = 1 << 20, wait_ms: int = 0
    ) -> tuple[str, bytes]:
        """PULL."""
        return self.request(FrameType.PULL, {"cursor": cursor, "max": bytes_max, "wait": wait_ms})

    def request(self, kind: FrameType, payload: Any) -> tuple[str, bytes]:
        """Anything on the link, under the next number."""
        self.n += 1
        body = encode(Frame(kind, LAST, self.n, pack(payload)))
        return sign_request(self.secret, "POST", SYNC_PATH, self.link, self.n, body), body

    def _greeting(self, kind: FrameType, payload: Any) -> tuple[str, bytes]:
        body = encode(Frame(kind, LAST, 1, pack(payload)))
        return sign_request(self.secret, "POST", SYNC_PATH, NO_LINK, 0, body), body

    def chain_at(self, ctr: int) -> bytes:
        """The hash chain of its first ``ctr`` changesets."""
        chain = chains.CHAIN_START
        for number, body in enumerate(self.outbox[:ctr], 1):
            chain = chains.extend(chain, self.replica, number, chains.body_hash(body))
        return chain

    # -- answers -----------------------------------------------------------------------------

    def join(self, invite: str, post: Post) -> dict[str, Any]:
        """Enrol and keep what the hub gave; returns the answer."""
        answer = answer_of(post(*self.enrol(invite)))
        self.keep(answer)
        return answer

    def keep(self, enrolled: dict[str, Any]) -> None:
        """Take what ENROLLED says for its own."""
        self.org, self.user = enrolled["org"], enrolled["user"]
        self.certificate, self.epoch = enrolled["certificate"], enrolled["epoch"]
        self.hub_public = enrolled["hub_public"]

    def greet(self, post: Post) -> dict[str, Any]:
        """Say hello and keep the link; returns the answer."""
        answer = answer_of(post(*self.hello()))
        self.link, self.n = answer["link"], 0
        return answer

    # -- work --------------------------------------------------------------------------------

    def write(self, *ops: Op, hard: list[Dot] | None = None) -> bytes:
        """One changeset of these ops, put into the outbox; returns its bytes."""
        self.ctr += 1
        self._clock += 1
        ctx = Context(self.epoch, self.seen, self.seen, {}, None)
        salt = self.ctr.to_bytes(16, "big")
        entry = Entry(1, hlc.from_ms(self._clock), ctx, hard or [], list(ops), None, salt)
        body = encode_entry(entry)
        self.outbox.append(body)
        self.chain = chains.extend(self.chain, self.replica, self.ctr, chains.body_hash(body))
        return body

    def write_row(self, table: int, rec: bytes, values: dict[int, Any]) -> bytes:
        """One changeset that creates a row."""
        return self.write([cs.CREATE, table, rec, values])


def answer_of(data: bytes) -> dict[str, Any]:
    """The payload of an answer's last frame.  Raises what an ERR frame says."""
    last = read_frames(data)[-1]
    if last.type is FrameType.ERR:
        raise read_error(last)
    assert last.last, "the last frame of an answer says so"
    answer: dict[str, Any] = unpack(last.payload)
    return answer


def entries_of(data: bytes) -> list[list[Any]]:
    """The entries of all pages of an answer to PULL."""
    entries: list[list[Any]] = []
    for frame in read_frames(data):
        if frame.type is FrameType.PAGE:
            entries += [unpack(entry) for entry in unpack(frame.payload)["entries"]]
    return entries
