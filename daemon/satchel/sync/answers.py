"""The hub's answers as values, and the one reader that makes them from decoded payloads.

Owns the shapes of HELLO_OK, SCHEMA_OK, PUSHED, PAGE, MORE and FLIP as a device reads them
(PROTOCOL.md).  A hub is a stranger until its bytes make sense: what has not the shape is
BAD_FRAME; keys and trailing parts that a later version adds are ignored.  Must not know
frames' bytes, nor what page entries and schema documents say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from satchel.model.errors import Garbled
from satchel.wire.frame import FrameType

PROTO: Final = 1
"""The one protocol version this device speaks."""

CHAIN_BYTES: Final = 32
LINK_BYTES: Final = 16


class HelloOk(NamedTuple):
    """The hub knows this device.  ``chain`` is its hash of our changesets up to ``processed``."""

    proto: int
    epoch: int
    schema: int
    processed: int
    chain: bytes
    link: bytes
    hub_now: int
    head: int


class SchemaOk(NamedTuple):
    """The schema document of ``version``, as bytes to be stored."""

    version: int
    document: bytes


class Outcome(NamedTuple):
    """The hub's verdict on one of our changesets; here only a hint (sync.md 3.3)."""

    ctr: int
    code: int
    seq: int | None
    detail: Any


class Pushed(NamedTuple):
    """What the hub has decided: contiguously up to ``processed``.

    ``need`` holds [replica, lo, hi] of what must reach the hub before the next entry can be
    judged; ``head`` is the hub's latest seq.
    """

    processed: int
    outcomes: tuple[Outcome, ...]
    need: tuple[tuple[bytes, int, int], ...]
    head: int
    hub_now: int


class Page(NamedTuple):
    """Some entries of a pull.  ``cursor``: where to go on after this page, if the hub says so."""

    entries: list[Any]
    cursor: bytes | None


class More(NamedTuple):
    """The response is full; go on from ``cursor``.

    ``head`` is the seq at which the pass that ``cursor`` continues will end: it stays the
    same within a pass, so a new value says that a new pass begins.
    """

    cursor: bytes
    head: int


class Flip(NamedTuple):
    """The end of a pass read from one snapshot, field by field as on the wire (appendix A)."""

    epoch: int
    from_s: int
    cursor: bytes
    s: int
    refusals: list[Any]
    schema: int
    safe_seq: int | None
    scope_delta: Any
    hub_now: int
    ticket: bytes | None


class Pulled(NamedTuple):
    """A piece of the answer to PULL.  ``end`` is None while more pieces of it will follow."""

    pages: tuple[Page, ...]
    end: More | Flip | None


Answer: TypeAlias = HelloOk | SchemaOk | Pushed | Pulled
"""What answers a request of a lane, in the type that the lane then waits for."""

Read: TypeAlias = HelloOk | SchemaOk | Pushed | Page | More | Flip
"""What one frame says."""


def read_answer(frame_type: FrameType, payload: object) -> Read:
    """The value of one decoded answer frame.

    Raises :class:`Garbled` BAD_FRAME for a payload without the shape of its type, and for
    types that are no answers.  ERR is not read here (``wire.frame.read_error``).
    """
    reader = _READERS.get(frame_type)
    if reader is None or not isinstance(payload, dict):
        raise _broken(frame_type.name, "it is no answer")
    return reader(_Fields(frame_type.name, payload))


def _broken(name: str, why: str) -> Garbled:
    return Garbled("BAD_FRAME", f"The hub answered a malformed {name}: {why}.")


class _Fields:
    """The fields of one payload, each taken with its type."""

    __slots__ = ("_name", "_payload")

    def __init__(self, name: str, payload: Mapping[Any, Any]) -> None:
        self._name = name
        self._payload = payload

    def bad(self, field: object) -> Garbled:
        return _broken(self._name, f"{field} is missing or malformed")

    def number(self, field: Any) -> int:
        value = self._payload.get(field)
        if type(value) is not int or value < 0:
            raise self.bad(field)
        return value

    def data(self, field: Any, size: int | None = None) -> bytes:
        value = self._payload.get(field)
        if not isinstance(value, bytes) or (size is not None and len(value) != size):
            raise self.bad(field)
        return value

    def items(self, field: Any, arity: int = 0) -> list[Any]:
        """A list; with ``arity``, of lists at least that long."""
        value = self._payload.get(field)
        if not isinstance(value, list):
            raise self.bad(field)
        if arity and not all(isinstance(item, list) and len(item) >= arity for item in value):
            raise self.bad(field)
        return value

    def maybe_number(self, field: Any) -> int | None:
        return None if self._payload.get(field) is None else self.number(field)

    def maybe_data(self, field: Any) -> bytes | None:
        return None if self._payload.get(field) is None else self.data(field)

    def anything(self, field: Any) -> Any:
        return self._payload.get(field)


def _hello_ok(fields: _Fields) -> HelloOk:
    return HelloOk(
        proto=fields.number("proto"),
        epoch=fields.number("epoch"),
        schema=fields.number("schema"),
        processed=fields.number("processed"),
        chain=fields.data("chain", CHAIN_BYTES),
        link=fields.data("link", LINK_BYTES),
        hub_now=fields.number("hub_now"),
        head=fields.number("head"),
    )


def _schema_ok(fields: _Fields) -> SchemaOk:
    return SchemaOk(fields.number("version"), fields.data("document"))


def _pushed(fields: _Fields) -> Pushed:
    return Pushed(
        processed=fields.number("processed"),
        outcomes=tuple(map(_outcome, fields.items("outcomes", 4))),
        need=tuple(map(_missing, fields.items("need", 3))),
        head=fields.number("head"),
        hub_now=fields.number("hub_now"),
    )


def _outcome(item: list[Any]) -> Outcome:
    part = _Fields("PUSHED", dict(enumerate(item)))
    return Outcome(part.number(0), part.number(1), part.maybe_number(2), part.anything(3))


def _missing(item: list[Any]) -> tuple[bytes, int, int]:
    part = _Fields("PUSHED", dict(enumerate(item)))
    return part.data(0), part.number(1), part.number(2)


def _page(fields: _Fields) -> Page:
    return Page(fields.items("entries"), fields.maybe_data("cursor"))


def _more(fields: _Fields) -> More:
    return More(fields.data("cursor"), fields.number("head"))


def _flip(fields: _Fields) -> Flip:
    raw = fields.items("flip")
    if len(raw) < len(Flip._fields):
        raise fields.bad("flip")
    part = _Fields("FLIP", dict(zip(Flip._fields, raw, strict=False)))
    return Flip(
        epoch=part.number("epoch"),
        from_s=part.number("from_s"),
        cursor=part.data("cursor"),
        s=part.number("s"),
        refusals=part.items("refusals", 4),
        schema=part.number("schema"),
        safe_seq=part.maybe_number("safe_seq"),
        scope_delta=part.anything("scope_delta"),
        hub_now=part.number("hub_now"),
        ticket=part.maybe_data("ticket"),
    )


_READERS: Final[Mapping[FrameType, Callable[[_Fields], Read]]] = {
    FrameType.HELLO_OK: _hello_ok,
    FrameType.SCHEMA_OK: _schema_ok,
    FrameType.PUSHED: _pushed,
    FrameType.PAGE: _page,
    FrameType.MORE: _more,
    FrameType.FLIP: _flip,
}
