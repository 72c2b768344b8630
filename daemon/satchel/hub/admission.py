"""Who is let in: from a certificate to the origin that may speak, or a refusal.

Owns the five reasons to turn a device away: WRONG_ORG, BAD_SIGNATURE, UNKNOWN_DEVICE,
EXPIRED, REVOKED.  Asked at every request, inside its transaction, so that a revocation
counts from the moment it is written.  Keeps nothing.
"""

from __future__ import annotations

from satchel.hub.office import Office, Origin, read_origin
from satchel.hub.roster import DeviceState, read_device, read_user
from satchel.model.errors import Denied, Garbled
from satchel.store.txn import ReadTxn
from satchel.wire.codec import unpack
from satchel.wire.envelope import Certificate, read_certificate

JOIN_AGAIN = "Join again with a new invite; what this device holds is kept."


def wrong_org() -> Denied:
    """The refusal of whoever belongs elsewhere."""
    return Denied(
        "WRONG_ORG",
        "This device does not belong to an organisation of this hub.",
        "Check the hub's address.",
    )


def identify(office: Office, hub_public: bytes, certificate: bytes) -> Certificate:
    """Whose key this is, by the hub's own word.  That its holder speaks is not shown yet.

    Raises Denied WRONG_ORG for another organisation's certificate, BAD_SIGNATURE for one
    that this hub did not make; Garbled BAD_VERSION for one of a later form.
    """
    if _claimed_org(certificate) not in (office.setup.org, None):
        raise wrong_org()
    found = read_certificate(hub_public, certificate)
    if found.org != office.setup.org:
        raise wrong_org()
    return found


def authorise(txn: ReadTxn, certificate: Certificate, now_ms: int) -> Origin:
    """The origin of an identified device, if it is let in at this moment.

    Raises Denied UNKNOWN_DEVICE, REVOKED (a disabled user's devices too) or EXPIRED.
    """
    device = read_device(txn, certificate.device)
    origin = read_origin(txn, certificate.replica)
    if (
        device is None
        or origin is None
        or (device.replica, device.pubkey) != (certificate.replica, certificate.pubkey)
    ):
        raise Denied("UNKNOWN_DEVICE", "This hub does not know this device.", JOIN_AGAIN)
    if device.state is not DeviceState.ACTIVE:
        raise Denied(
            "REVOKED",
            f"The device {device.name!r} was revoked by the administrator.",
            "Ask the administrator; what this device holds is kept.",
        )
    user = read_user(txn, device.user)
    if user is None or user.disabled:
        raise Denied(
            "REVOKED",
            "The user of this device was disabled by the administrator.",
            "Ask the administrator; what this device holds is kept.",
        )
    if certificate.not_after_ms <= now_ms:
        raise Denied("EXPIRED", "This device's certificate has expired.", JOIN_AGAIN)
    return origin


def authenticate(
    txn: ReadTxn, office: Office, hub_public: bytes, certificate: bytes, now_ms: int
) -> Origin:
    """:func:`identify` and :func:`authorise` in one.  Raises what they raise."""
    return authorise(txn, identify(office, hub_public, certificate), now_ms)


def _claimed_org(certificate: bytes) -> bytes | None:
    """The organisation a certificate names, whoever made it; None if it names none."""
    try:
        match unpack(certificate):
            case [bytes() as body, bytes()]:
                match unpack(body):
                    case [_, bytes() as org, *_]:
                        return org
    except Garbled:
        pass
    return None
