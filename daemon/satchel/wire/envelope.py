"""Who is speaking: device certificates and signed requests.

Owns the ed25519 keys' byte forms, the certificate by which the hub vouches for a replica's
key, and the signature that every request to the hub carries.  Pure: secrets, time and
numbers are handed in; it never says whether a device is revoked or a certificate too old.

Every signature covers a prefix that names its purpose, so that none can stand for another.
The library is imported inside the functions: it costs 6 MB and start time (budget.md 6).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import blake2b
from typing import Final, NamedTuple

from satchel.model.errors import Denied, Garbled
from satchel.model.limits import LINK_WINDOW
from satchel.wire.codec import pack, unpack

SYNC_PATH: Final = "/v1/sync"
"""Where every message to the hub is posted: frames in, frames out (sync.md 3.1)."""

HEALTH_PATH: Final = "/v1/health"
"""Where anybody may ask whether a hub answers."""

HEALTH_TEXT: Final = "satchel hub"
"""What it answers there, and by which a device knows a hub from a captive portal."""

CONTENT_TYPE: Final = "application/vnd.satchel+msgpack; v=1"
"""The media type of frames, both ways."""

AUTH_HEADER: Final = "satchel-auth"
"""The HTTP header of a request's signature."""

NO_LINK: Final = bytes(16)
"""The link of HELLO and ENROL, whose key is in their payload; their number is 0."""

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
LINK_BYTES: Final = 16

_CERTIFICATE_VERSION: Final = 1
_CERTIFICATE_PURPOSE: Final = b"satchel1 certificate\0"
_REQUEST_PURPOSE: Final = b"satchel1 request\0"
_NUMBER_MAX: Final = (1 << 63) - 1


def public_key(secret: bytes) -> bytes:
    """The 32 bytes of the public key that belongs to 32 secret random bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def sign(secret: bytes, message: bytes) -> bytes:
    """The 64 bytes of the signature of ``message`` under a 32-byte secret."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secret).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of ``message`` under this key.  A malformed key verifies nothing."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Certificate(NamedTuple):
    """The hub's word that a key speaks for a replica of a device of a user.

    ``number`` is the hub's number for this origin; times are milliseconds since 1970 UTC;
    ``max_lease_ms`` is None where the organisation sets no lease (sync.md 0.7).
    """

    org: bytes
    user: bytes
    device: bytes
    replica: bytes
    pubkey: bytes
    number: int
    not_after_ms: int
    max_lease_ms: int | None = None


def make_certificate(hub_secret: bytes, certificate: Certificate) -> bytes:
    """``[body, signature]``; body is ``[1, org, user, device, replica, pubkey, number, ...]``."""
    body = pack([_CERTIFICATE_VERSION, *certificate])
    return pack([body, sign(hub_secret, _CERTIFICATE_PURPOSE + body)])


def read_certificate(hub_public: bytes, data: bytes) -> Certificate:
    """The certificate that this hub signed.  Says nothing about its age or about revocation.

    Raises :class:`Denied` BAD_SIGNATURE for anything this hub did not sign, and
    :class:`Garbled` BAD_VERSION for a certificate of a form this version does not know.
    """
    body, signature = _certificate_parts(data)
    if not verify(hub_public, _CERTIFICATE_PURPOSE + body, signature):
        raise _bad_signature("The certificate was not signed by this hub.")
    fields = unpack(body)
    if not isinstance(fields, list) or not fields or fields[0] != _CERTIFICATE_VERSION:
        raise Garbled("BAD_VERSION", "The certificate has a form that this version does not know.")
    if len(fields) != len(Certificate._fields) + 1:
        raise _bad_signature("The certificate is malformed.")
    return Certificate(*fields[1:])


def _certificate_parts(data: bytes) -> tuple[bytes, bytes]:
    try:
        parts = unpack(data)
    except Garbled:
        parts = None
    match parts:
        case [bytes() as body, bytes() as signature]:
            return body, signature
    raise _bad_signature("The certificate is malformed.")


class Auth(NamedTuple):
    """What the ``satchel-auth`` header says; nothing of it is proved yet."""

    link: bytes
    n: int
    signature: bytes


def sign_request(secret: bytes, method: str, path: str, link: bytes, n: int, body: bytes) -> str:
    """The value of the ``satchel-auth`` header: ``v1 <link hex> <n> <base64 signature>``.

    ``link`` is the 16 bytes that HELLO_OK gave and ``n`` counts from 1 on it; HELLO and
    ENROL use :data:`NO_LINK` and 0.  ``path`` is the request target as it is sent.
    """
    signature = sign(secret, _request_message(method, path, link, n, body))
    return f"v1 {link.hex()} {n} {b64encode(signature).decode()}"


def parse_auth(header: str) -> Auth:
    """The three parts of a header, in the one spelling that :func:`sign_request` uses.

    Raises :class:`Denied` BAD_SIGNATURE for any other text.
    """
    match header.split(" "):
        case ["v1", link_hex, number, encoded]:
            try:
                link, signature = bytes.fromhex(link_hex), b64decode(encoded, validate=True)
                n = int(number)
            except (ValueError, Base64Error):
                raise _bad_signature("The request's signature is malformed.") from None
            right_sizes = len(link) == LINK_BYTES and len(signature) == SIGNATURE_BYTES
            respelt = f"v1 {link.hex()} {n} {b64encode(signature).decode()}"
            if right_sizes and 0 <= n <= _NUMBER_MAX and header == respelt:
                return Auth(link, n, signature)
    raise _bad_signature("The request's signature is malformed.")


def check_request(public: bytes, method: str, path: str, auth: Auth, body: bytes) -> bool:
    """Whether the holder of this key signed exactly this request."""
    message = _request_message(method, path, auth.link, auth.n, body)
    return verify(public, message, auth.signature)


def _request_message(method: str, path: str, link: bytes, n: int, body: bytes) -> bytes:
    target = f"{method} {path}".encode()
    digest = blake2b(body, digest_size=32).digest()
    return b"".join((_REQUEST_PURPOSE, target, b"\0", link, n.to_bytes(8, "big"), digest))


class LinkWindow:
    """Which request numbers of one link were used: each is good once, a recording is not.

    Ask only after the signature has held, or a stranger could use numbers up.  Requests
    may overtake each other by up to ``LINK_WINDOW``; one further behind counts as used.
    """

    __slots__ = ("_highest", "_used")

    def __init__(self) -> None:
        self._highest = 0
        self._used = 1  # bit i: number `highest - i`; 0 is never a number of a link

    def accepts(self, n: int) -> bool:
        """Use number ``n``: True the first time, False ever after (and for what is below 1)."""
        if n > self._highest:
            shift = min(n - self._highest, LINK_WINDOW)
            self._used = (self._used << shift | 1) & ((1 << LINK_WINDOW) - 1)
            self._highest = n
            return True
        behind = self._highest - n
        if n < 1 or behind >= LINK_WINDOW or self._used >> behind & 1:
            return False
        self._used |= 1 << behind
        return True


def _bad_signature(sentence: str) -> Denied:
    return Denied("BAD_SIGNATURE", sentence, "Join again with a new invite if this persists.")
