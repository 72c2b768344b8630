"""Where requests arrive: which organisation they are for, and who is asking.

Owns the way from a signed request to a device's certificate: HELLO and ENROL prove the
key they bring, everything else names a link and a number that was never used.  Nothing is
read of a request before its signature has held, except what says whose key to check.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from satchel.hub import answers, requests
from satchel.hub.admission import identify, wrong_org
from satchel.hub.answers import Answer
from satchel.hub.desk import Desk
from satchel.hub.enrol import Joining, bad_invite
from satchel.hub.links import Link, LinkTable
from satchel.hub.pulling import PullJob
from satchel.hub.pushing import PushJob
from satchel.model.errors import Denied, Invalid
from satchel.wire.envelope import LINK_BYTES, NO_LINK, check_request, parse_auth
from satchel.wire.frame import Frame, FrameType

RANDOM_BYTES: Final = LINK_BYTES
"""What a request may take of chance: the name of a link or of a device."""


class Signed(NamedTuple):
    """A request as it came: what was signed, and the header with the signature."""

    method: str
    path: str
    auth: str
    body: bytes


class Reception:
    """The organisations of one hub and the links of their devices."""

    def __init__(self, desks: Iterable[Desk]) -> None:
        self.desks = {desk.org: desk for desk in desks}
        self.links = LinkTable()

    def take(
        self, signed: Signed, frame: Frame, now_ms: int, random: bytes
    ) -> Answer | PushJob | PullJob:
        """Answer a request, or say what is to be done for it.

        ``random``: :data:`RANDOM_BYTES`, for what gets a name now.  Raises Denied, Garbled,
        Missing, or Invalid UNSUPPORTED for what is no request.
        """
        match frame.type:
            case FrameType.HELLO:
                return self._hello(signed, frame, now_ms, random)
            case FrameType.ENROL:
                return self._enrol(signed, frame, now_ms, random)
            case FrameType.SCHEMA:
                desk, link = self._admit(signed, now_ms)
                version = requests.read_schema(frame)
                document = desk.schema(link.certificate, version, now_ms)
                return answers.schema_ok(frame.req, version, document)
            case FrameType.PUSH:
                desk, link = self._admit(signed, now_ms)
                return PushJob(frame.req, desk, link.certificate, requests.read_push(frame))
            case FrameType.PULL:
                desk, link = self._admit(signed, now_ms)
                return PullJob(frame.req, desk, link, requests.read_pull(frame))
        raise Invalid("UNSUPPORTED", f"{frame.type.name} is nothing that a hub is asked.")

    def _hello(self, signed: Signed, frame: Frame, now_ms: int, random: bytes) -> Answer:
        hello = requests.read_hello(frame)
        desk = self.desks.get(hello.org)
        if desk is None:
            raise wrong_org()
        certificate = identify(desk.office, desk.public, hello.certificate)
        _check_greeting(signed, certificate.pubkey)
        origin, state = desk.standing(certificate, now_ms)
        link = self.links.open(certificate, hello.nonce, random, now_ms)
        return answers.hello_ok(frame.req, origin, state, link.id, now_ms)

    def _enrol(self, signed: Signed, frame: Frame, now_ms: int, random: bytes) -> Answer:
        wish = requests.read_enrol(frame)
        _check_greeting(signed, wish.pubkey)
        joining = Joining(wish.invite, wish.replica, wish.pubkey, wish.device)
        for desk in self.desks.values():
            setup = desk.office.setup
            if wish.org not in (None, setup.org) or wish.org_name not in (None, setup.name):
                continue
            if desk.invites(joining.invite):
                joined, state = desk.enrol(joining, random, now_ms)
                return answers.enrolled(frame.req, setup, desk.public, joined, state, now_ms)
        raise bad_invite()

    def _admit(self, signed: Signed, now_ms: int) -> tuple[Desk, Link]:
        """Who sent a request on a link; its number is used up by this."""
        auth = parse_auth(signed.auth)
        link = self.links.find(auth.link)
        pubkey = link.certificate.pubkey
        if not check_request(pubkey, signed.method, signed.path, auth, signed.body):
            raise _bad_signature()
        self.links.use(link, auth.n, now_ms)
        return self.desks[link.certificate.org], link


def _check_greeting(signed: Signed, pubkey: bytes) -> None:
    """Raise BAD_SIGNATURE unless whoever holds this key signed this request, off any link."""
    auth = parse_auth(signed.auth)
    if (auth.link, auth.n) != (NO_LINK, 0) or not check_request(
        pubkey, signed.method, signed.path, auth, signed.body
    ):
        raise _bad_signature()


def _bad_signature() -> Denied:
    return Denied("BAD_SIGNATURE", "The request is not signed with the key it names.")
