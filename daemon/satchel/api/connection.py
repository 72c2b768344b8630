"""One connection of the local API as a machine without I/O.  One class plays both roles.

Theory of operation
-------------------
A frame is ``len u32 big-endian | msgpack body``, the body at most ``FRAME_BYTES_MAX`` bytes.
The shell gives received bytes to :meth:`Connection.receive_data` (``b""`` for their end)
and takes messages from :meth:`Connection.next_event` until it says None.  What it wants to
say it gives to :meth:`Connection.send` and transmits the bytes that come back.

Both ends see the same messages in the same order, so there is one table of states for
both; who may say a message stands in ``_SAID_BY``:

    state     message              next      said by
    START     Hello                GREETED   client
    GREETED   Welcome              OPEN      server
    OPEN      Request              OPEN      client
    OPEN      Answer Failure Event OPEN      server
    any       Refused              CLOSED    server

House rules
-----------
* Bytes that break a rule raise :class:`Garbled` from ``next_event``, now and ever after;
  a server may still say Refused, and then closes.  Nobody guesses where the next frame is.
* A message out of turn from the other side is Garbled.  One from our own side is a bug:
  an assertion.
* After a Hello the server takes in nothing until it has said Welcome or Refused.
* Ended comes once and changes no state: who has said all may still hear answers.
* Lengths are judged before a byte of the body is kept; before the Hello the bound is
  ``HELLO_BYTES_MAX``, so that a stranger cannot make the daemon hold a megabyte.

What is *not* tidy: Refused has two forms, a map before OPEN and ``[0, 1, error]`` after.

Must not know what a command means, nor how a session outlives a connection (``caller``).
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final, Literal, NamedTuple

from satchel.api.session import SESSION_BYTES
from satchel.model.errors import Garbled, Invalid, SatchelError, error_from_wire
from satchel.model.limits import FRAME_BYTES_MAX, INTEGER_MAX
from satchel.wire.codec import depth_within, pack, unpack

PROTOCOL_VERSION: Final = 1
HELLO_BYTES_MAX: Final = 4 << 10
"""A first frame: names and a token.  Until it is read nobody knows who is speaking."""

_LENGTH: Final = Struct(">I")
_DONE, _REFUSED, _EVENT = 0, 1, 2


class Hello(NamedTuple):
    """The client's first message.  ``token`` only where the socket does not tell who it is."""

    client: str
    session: bytes | None = None
    org: str | None = None
    token: str | None = None
    versions: tuple[int, int] = (PROTOCOL_VERSION, PROTOCOL_VERSION)


class Welcome(NamedTuple):
    """The server's answer to it.  ``version`` is the daemon's, ``schema`` the catalogue's."""

    version: str
    session: bytes
    org: str | None
    user: str | None
    schema: int


class Refused(NamedTuple):
    """The server's last message: the connection ends, whatever was asked on it."""

    error: SatchelError


class Request(NamedTuple):
    """A command.  ``n`` and ``confirmed``: see ``messages``."""

    n: int
    confirmed: int
    command: str
    arguments: dict[str, Any]


class Answer(NamedTuple):
    """The result of request ``n``."""

    n: int
    result: Any


class Failure(NamedTuple):
    """The refusal of request ``n``."""

    n: int
    error: SatchelError


class Event(NamedTuple):
    """One event of the watch that request ``n`` began."""

    n: int
    event: dict[str, Any]


class Ended(NamedTuple):
    """The other side has closed, between two frames.  Never sent."""


Message = Hello | Welcome | Refused | Request | Answer | Failure | Event
Role = Literal["client", "server"]

START, GREETED, OPEN, CLOSED = "START", "GREETED", "OPEN", "CLOSED"

_TRANSITIONS: Final[dict[str, dict[type[Message], str]]] = {
    START: {Hello: GREETED, Refused: CLOSED},
    GREETED: {Welcome: OPEN, Refused: CLOSED},
    OPEN: {Request: OPEN, Answer: OPEN, Failure: OPEN, Event: OPEN, Refused: CLOSED},
    CLOSED: {},
}
_SAID_BY: Final[dict[type[Message], Role]] = {
    Hello: "client",
    Welcome: "server",
    Refused: "server",
    Request: "client",
    Answer: "server",
    Failure: "server",
    Event: "server",
}


class Connection:
    """The protocol of one connection, from either side.  See the module's docstring."""

    __slots__ = ("_broken", "_buffer", "_ended", "_highest", "_told_end", "role", "state")

    def __init__(self, role: Role) -> None:
        self.role: Final[Role] = role
        self.state = START
        self._buffer = bytearray()
        self._broken: Garbled | None = None
        self._ended = False
        self._told_end = False
        self._highest = 0

    def send(self, message: Message) -> bytes:
        """The frame that says this.

        Raises :class:`Invalid` TOO_BIG, with the state unchanged, where it does not fit.
        """
        kind = type(message)
        following = _TRANSITIONS[self.state].get(kind) if _SAID_BY[kind] == self.role else None
        assert following is not None, f"a {self.role} may not say {kind.__name__} in {self.state}"
        data = frame(_encode(message, self.state))
        self.state = following
        return data

    def receive_data(self, data: bytes) -> None:
        """Take in what was received; ``b""`` says that no more will come."""
        if data:
            self._buffer += data
        else:
            self._ended = True

    def next_event(self) -> Message | Ended | None:
        """The next message, or None where more bytes (or a Welcome of ours) must come first.

        Raises :class:`Garbled`: BAD_FRAME, FRAME_TOO_BIG or BAD_VERSION.
        """
        if self._broken is not None:
            raise self._broken
        try:
            return self._next_event()
        except Garbled as broken:
            self._broken = broken
            self._buffer.clear()
            raise

    def _next_event(self) -> Message | Ended | None:
        if (
            self._told_end
            or self.state == CLOSED
            or (self.role == "server" and self.state == GREETED)
        ):
            return None
        body = self._next_body()
        if body is None:
            if not self._ended:
                return None
            if self._buffer:
                raise Garbled("BAD_FRAME", "The connection ended inside a message.")
            self._told_end = True
            return Ended()
        message = self._decode(unpack(body))
        following = _TRANSITIONS[self.state].get(type(message))
        if following is None:
            raise Garbled("BAD_FRAME", f"{type(message).__name__} came out of turn.")
        self.state = following
        return message

    def _next_body(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        bound = HELLO_BYTES_MAX if self.state == START else FRAME_BYTES_MAX
        if length > bound:
            raise Garbled(
                "FRAME_TOO_BIG", f"A message of {length} bytes was announced; {bound} are allowed."
            )
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return body

    def _decode(self, plain: Any) -> Message:
        if self.role == "client":
            return _decode_answer(plain) if self.state == OPEN else _decode_welcome(plain)
        if self.state == START:
            return _decode_hello(plain)
        request = _decode_request(plain)
        if request.n <= self._highest:
            raise Garbled("BAD_FRAME", f"Request {request.n} came after request {self._highest}.")
        self._highest = request.n
        return request


def frame(plain: Any) -> bytes:
    """One frame around plain values.  Raises :class:`Invalid` TOO_BIG."""
    body = pack(plain)
    if len(body) > FRAME_BYTES_MAX:
        raise Invalid(
            "TOO_BIG",
            f"This takes {len(body)} bytes; a message holds {FRAME_BYTES_MAX}.",
            "Split it, or ask for fewer rows or columns at once.",
            {"bytes": len(body)},
        )
    return _LENGTH.pack(len(body)) + body


def _encode(message: Message, state: str) -> Any:
    match message:
        case Answer(n, result):
            return [n, _DONE, result]
        case Event(n, event):
            return [n, _EVENT, event]
        case Request():
            return list(message)
        case Failure(n, error):
            return [n, _REFUSED, error.to_wire()]
        case Refused(error):
            if state == OPEN:
                return [0, _REFUSED, error.to_wire()]
            return {"satchel": PROTOCOL_VERSION, "error": error.to_wire()}
        case Hello():
            return {
                "satchel": PROTOCOL_VERSION,
                "proto": list(message.versions),
                "client": message.client,
                "session": message.session,
                "org": message.org,
                "token": message.token,
            }
        case Welcome():
            return {"satchel": PROTOCOL_VERSION, "proto": PROTOCOL_VERSION, **message._asdict()}


def _decode_hello(plain: Any) -> Hello:
    _check_greeting(plain)
    match plain.get("proto"):
        case [int(low), int(high)] if low <= PROTOCOL_VERSION <= high:
            pass
        case versions:
            raise _bad_version(versions)
    client, session = plain.get("client"), plain.get("session")
    org, token = plain.get("org"), plain.get("token")
    if (
        not isinstance(client, str)
        or not (session is None or (isinstance(session, bytes) and len(session) == SESSION_BYTES))
        or not (org is None or isinstance(org, str))
        or not (token is None or isinstance(token, str))
    ):
        raise Garbled("BAD_FRAME", "The greeting is incomplete or of wrong types.")
    return Hello(client, session, org, token, (low, high))


def _decode_welcome(plain: Any) -> Welcome | Refused:
    _check_greeting(plain)
    if isinstance(plain.get("error"), dict):
        return Refused(error_from_wire(plain["error"]))
    if plain.get("proto") != PROTOCOL_VERSION:
        raise _bad_version(plain.get("proto"))
    match plain:
        case {
            "version": str(version),
            "session": bytes(session),
            "org": str() | None as org,
            "user": str() | None as user,
            "schema": int(schema),
        }:
            return Welcome(version, session, org, user, schema)
    raise Garbled("BAD_FRAME", "The daemon's greeting is incomplete or of wrong types.")


def _check_greeting(plain: Any) -> None:
    if not isinstance(plain, dict) or "satchel" not in plain:
        raise Garbled("BAD_FRAME", "This is not the greeting of Satchel's local API.")
    if plain["satchel"] != PROTOCOL_VERSION:
        raise _bad_version(plain["satchel"])


def _bad_version(theirs: Any) -> Garbled:
    return Garbled(
        "BAD_VERSION",
        f"The other side speaks version {str(theirs)[:40]} of the local API, "
        f"this side version {PROTOCOL_VERSION}.",
        "Install the same version of Satchel for daemon and app, and restart the daemon.",
    )


def _decode_request(plain: Any) -> Request:
    if type(plain) is list and len(plain) == 4:
        n, confirmed, command, arguments = plain
        if (
            type(n) is int
            and type(confirmed) is int
            and 0 <= confirmed < n <= INTEGER_MAX
            and type(command) is str
            and type(arguments) is dict
            and all(type(name) is str for name in arguments)
            and depth_within(arguments)
        ):
            return Request(n, confirmed, command, arguments)
    raise Garbled("BAD_FRAME", "A request is [n, confirmed, command, {arguments}].")


def _decode_answer(plain: Any) -> Answer | Failure | Event | Refused:
    match plain:
        case [0, 1, dict(error)]:
            return Refused(error_from_wire(error))
        case [int(n), 0, result] if n > 0:
            return Answer(n, result)
        case [int(n), 1, dict(error)] if n > 0:
            return Failure(n, error_from_wire(error))
        case [int(n), 2, dict(event)] if n > 0:
            return Event(n, event)
    raise Garbled("BAD_FRAME", "An answer is [n, 0, result], [n, 1, error] or [n, 2, event].")
