"""The examples of the local API: what is on the socket, and what commands answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from satchel.api import session
from satchel.api.connection import (
    Answer,
    Connection,
    Event,
    Failure,
    Hello,
    Message,
    Refused,
    Request,
    Welcome,
)
from satchel.api.hub_messages import HUB_COMMANDS
from satchel.api.messages import check_request, find_command
from satchel.engine import outbox
from satchel.hub import orders
from satchel.model.errors import Garbled, Missing, SatchelError
from satchel.shell.device import Device
from satchel.shell.reads import READS
from satchel.shell.status import org_status
from satchel.shell.syncing import Syncing
from satchel.sync.effects import Status
from satchel.wire.codec import pack, unpack
from tests.golden import fixed
from tests.golden.byte_examples import Build
from tests.golden.example import Example
from tests.golden.story import Story, at

TOKEN = session.issue(fixed.SESSION_SECRET, fixed.NOW_MS, fixed.SESSION_CHANCE)
HELLO = Hello("cli/0.1.0", None, "Adventure Works")
WELCOME = Welcome("0.1.0", TOKEN, "Adventure Works", "North", 1)
REQUEST = Request(
    7, 5, "get", {"table": "contact", "id": "c1c1c1c1-c1c1-c1c1-c1c1-c1c1c1c1c1c1", "columns": None}
)

# -- on the socket ------------------------------------------------------------------------


def _opened() -> tuple[Connection, Connection]:
    """Client and server after their handshake."""
    client, server = Connection("client"), Connection("server")
    _pass_on(client.send(HELLO), server)
    _pass_on(server.send(WELCOME), client)
    return client, server


def _pass_on(data: bytes, receiver: Connection) -> None:
    receiver.receive_data(data)
    assert receiver.next_event() is not None


def _frame(said: Callable[[Story], Message], opened: bool, by: str, story: Story) -> Example:
    """A frame as its sender makes it, and as the machine at the other end reads it."""
    client, server = _opened() if opened else (Connection("client"), Connection("server"))
    if by == "server" and not opened:
        _pass_on(client.send(HELLO), server)
    sender, receiver = (client, server) if by == "client" else (server, client)

    def read(data: bytes) -> Any:
        receiver.receive_data(data)
        understood = receiver.next_event()
        assert type(understood) is type(said(story)), understood
        return unpack(data[4:])

    return Example(sender.send(said(story)), read, _write)


def _write(meaning: Any) -> bytes:
    body = pack(meaning)
    return len(body).to_bytes(4, "big") + body


def _contact(story: Story) -> Any:
    return answer("get", dict(REQUEST.arguments), story)


def _missing(_story: Story) -> Failure:
    return Failure(
        8,
        Missing(
            "NO_SUCH_ROW",
            "There is no contact c3c3c3c3-c3c3-c3c3-c3c3-c3c3c3c3c3c3.",
            "List what there is with: satchel list contact",
            {"table": "contact", "id": "c3c3c3c3-c3c3-c3c3-c3c3-c3c3c3c3c3c3"},
        ),
    )


_OLD = Garbled("BAD_VERSION", "The other side speaks version 9 of the local API.")

MESSAGES: dict[str, Build] = {
    "api-hello": partial(_frame, lambda _: HELLO, False, "client"),
    "api-welcome": partial(_frame, lambda _: WELCOME, False, "server"),
    "api-refused": partial(_frame, lambda _: Refused(_OLD), False, "server"),
    "api-request": partial(_frame, lambda _: REQUEST, True, "client"),
    "api-answer": partial(_frame, lambda story: Answer(7, _contact(story)), True, "server"),
    "api-failure": partial(_frame, _missing, True, "server"),
    "api-event": partial(
        _frame, lambda _: Event(9, {"position": 12, "rows": [{"kind": "reload"}]}), True, "server"
    ),
    "api-end": partial(
        _frame,
        lambda _: Refused(Garbled("BAD_FRAME", "Request 7 came after request 7.")),
        True,
        "server",
    ),
}
"""Name to builder."""


def session_lines(_story: Story) -> dict[str, bytes]:
    """The parts of the token."""
    assert session.known(fixed.SESSION_SECRET, TOKEN, at(1))
    return {"issued": TOKEN[:6], "chance": TOKEN[6:8], "tag": TOKEN[8:], "token": TOKEN}


# -- what commands answer -----------------------------------------------------------------------


def answer(command: str, arguments: dict[str, Any], story: Story) -> Any:
    """What device one answers to a reading command."""
    complete = check_request(find_command(command), arguments)
    return READS[command](_as_device(story), complete)


def _as_device(story: Story) -> Device:
    device = story.device
    return cast(Device, SimpleNamespace(replica=device.replica, read=device.store.read))


def _order(command: str, arguments: dict[str, Any], story: Story) -> Any:
    """What the hub answers its administrator."""
    complete = check_request(find_command(command, HUB_COMMANDS), arguments)
    moment = orders.Moment(at(12), lambda n: fixed.INVITE_CHANCE[:n], bytes, {})
    return orders.carry_out([story.desk], command, complete, moment)


def _await(story: Story) -> Any:
    return story.device.store.read(lambda txn: outbox.state_of(txn, fixed.ONE, 3))


def _org(story: Story) -> Any:
    syncing = SimpleNamespace(status=Status("online", at(10), None, 0), loaded_entries=0)
    return org_status(_as_device(story), cast(Syncing, syncing))


def _denied(columns: dict[str, Any], version: str | None, story: Story) -> Any:
    """The error of an update that writes nothing."""
    wish = {
        "do": "update",
        "table": "account",
        "id": fixed.ACCOUNT.hex(),
        "columns": columns,
        "version": version,
    }
    try:
        story.device.write(wish)
    except SatchelError as error:
        return error.to_wire()
    raise AssertionError("it was written")


ANSWERS: dict[str, Callable[[Story], Any]] = {
    "receipt": lambda story: story.receipt,
    "row": partial(answer, "get", {"table": "account", "id": fixed.ACCOUNT.hex()}),
    "rows": partial(answer, "list", {"table": "contact", "limit": 1, "columns": ["lastname"]}),
    "links": partial(
        answer, "links", {"relationship": "account_partners", "id": fixed.ACCOUNT.hex()}
    ),
    "changes": partial(answer, "changes", {"since": 5, "limit": 1}),
    "await": _await,
    "org": _org,
    "outbox": partial(answer, "outbox", {}),
    "outbox.show": partial(answer, "outbox.show", {"ctr": 5}),
    "quarantine.show": partial(answer, "quarantine.show", {"ctr": 3}),
    "quarantine.export": partial(answer, "quarantine.export", {"ctr": 4}),
    "conflicts": partial(answer, "conflicts", {}),
    "digest": partial(answer, "digest", {}),
    "table": partial(answer, "table", {"name": "contact"}),
    "error": partial(_denied, {"creditlimit": "99.999"}, None),
    "conflict-error": partial(_denied, {"creditlimit": "9000"}, "1.2.1"),
    "hub.log": partial(_order, "hub.log", {"after": 4, "limit": 2}),
    "hub.row": partial(_order, "hub.row", {"table": "account", "id": fixed.ACCOUNT.hex()}),
    "hub.device.list": partial(_order, "hub.device.list", {}),
    "hub.digest": partial(_order, "hub.digest", {}),
}
"""Name to what is answered: plain values, as JSON shows them."""
