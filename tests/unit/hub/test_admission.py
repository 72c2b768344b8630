"""Who is let in, and what everybody else is told."""

from __future__ import annotations

import pytest

from satchel.hub.enrol import Joining, enrol
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.wire.codec import pack, unpack
from satchel.wire.frame import LAST, Frame, FrameType, encode
from tests.devices import HandMadeDevice, answer_of
from tests.unit.hub.counter import Counter


def refusal(counter: Counter, request: tuple[str, bytes]) -> SatchelError:
    with pytest.raises(SatchelError) as caught:
        answer_of(counter.post(*request))
    return caught.value


def test_a_hello_tells_where_device_and_organisation_stand(counter: Counter) -> None:
    """The answer holds what sync begins with, and a link of 16 fresh bytes."""
    device = counter.device()
    answer = device.greet(counter.post)
    assert (answer["proto"], answer["epoch"], answer["schema"]) == (1, 1, 1)
    assert (answer["processed"], answer["chain"]) == (0, bytes(32))
    assert answer["head"] == counter.desk.head
    assert answer["hub_now"] == counter.now_ms
    assert len(answer["link"]) == 16


def test_a_stranger_with_a_certificate_of_his_own_making_is_refused(counter: Counter) -> None:
    """A certificate counts only under the hub's own signature."""
    device = counter.device()
    body, signature = unpack(device.certificate)
    forged = unpack(body)
    forged[7] += 1
    device.certificate = pack([pack(forged), signature])
    assert refusal(counter, device.hello()).code == "BAD_SIGNATURE"


@pytest.mark.parametrize("certificate", [b"", b"\xc1", b"\x90", pack([b"x", b"y"]), bytes(300)])
def test_a_certificate_that_is_none_is_refused(counter: Counter, certificate: bytes) -> None:
    """Nonsense in its place is a bad signature, not a fault."""
    device = counter.device()
    device.certificate = certificate
    assert refusal(counter, device.hello()).code == "BAD_SIGNATURE"


def test_somebody_elses_certificate_is_no_use_without_the_key(counter: Counter) -> None:
    """A certificate is public; only its key's holder may use it."""
    owner, thief = counter.device(1), HandMadeDevice(2)
    thief.certificate, thief.org = owner.certificate, owner.org
    assert refusal(counter, thief.hello()).code == "BAD_SIGNATURE"


def test_a_device_of_another_organisation_is_refused(two_orgs: Counter) -> None:
    """Its own organisation's name or the other's: neither opens the door."""
    device = two_orgs.device(org="Fabrikam")
    fabrikam, contoso = two_orgs.desks[1].org, two_orgs.desks[0].org
    assert refusal(two_orgs, device.hello(org=contoso)).code == "WRONG_ORG"
    two_orgs.reception.desks.pop(fabrikam)
    assert refusal(two_orgs, device.hello()).code == "WRONG_ORG"


def test_a_device_that_this_hub_never_enrolled_is_refused(counter: Counter) -> None:
    """A good signature is not enough: the hub must know the device (a store was restored)."""
    invite = counter.invite()
    device = HandMadeDevice()
    lost: list[bytes] = []

    def never_committed(txn: object) -> None:
        joining = Joining(invite, device.replica, device.public, "lost")
        joined = enrol(txn, counter.desk.office, joining, b"d" * 16, counter.now_ms)  # type: ignore[arg-type]
        lost.append(joined.certificate)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        counter.desk.store.write(never_committed)
    device.org, device.certificate = counter.desk.org, lost[0]
    assert refusal(counter, device.hello()).code == "UNKNOWN_DEVICE"


def test_an_expired_certificate_is_refused_from_its_last_millisecond_on(counter: Counter) -> None:
    """On HELLO and on a link that was opened before."""
    device = counter.device()
    counter.now_ms += limits.CERTIFICATE_MS - 1
    assert answer_of(counter.post(*device.pull()))["flip"]
    counter.now_ms += 1
    assert refusal(counter, device.pull()).code == "EXPIRED"
    assert refusal(counter, device.hello()).code == "EXPIRED"


@pytest.mark.parametrize("order", ["hub.device.revoke", "hub.user.disable"])
def test_revocation_counts_at_once(counter: Counter, order: str) -> None:
    """Every request on a link that stands open is refused, of a revoked device and of a
    disabled user's devices alike."""
    device = counter.device()
    device.write(counter.account(100, "Adventure Works"))
    argument = {
        "hub.device.revoke": {"device": "field laptop"},
        "hub.user.disable": {"user": "Fay Field"},
    }
    counter.order(order, **argument[order])
    head = counter.desk.head
    for request in (device.pull(), device.push_all(), device.schema(1), device.hello()):
        assert refusal(counter, request).code == "REVOKED"
    assert counter.desk.head == head


def test_an_enabled_user_is_let_in_again(counter: Counter) -> None:
    """Disabling is no revocation."""
    device = counter.device()
    counter.order("hub.user.disable", user="Fay Field")
    counter.order("hub.user.enable", user="Fay Field")
    assert answer_of(counter.post(*device.pull()))["flip"]


def test_a_recorded_request_does_nothing(counter: Counter) -> None:
    """The same bytes a second time are refused, and nothing is written."""
    device = counter.device()
    device.write(counter.account(100, "Adventure Works"))
    push, pull = device.push_all(), device.pull()
    counter.post(*push)
    counter.post(*pull)
    head = counter.desk.head
    assert refusal(counter, push).code == "REPLAYED"
    assert refusal(counter, pull).code == "REPLAYED"
    assert counter.desk.head == head


def test_a_recorded_hello_opens_no_link(counter: Counter) -> None:
    """Its nonce is known, and the device's own link stays."""
    device = counter.device()
    hello = device.hello()
    device.link = answer_of(counter.post(*hello))["link"]
    for _ in range(3):
        assert refusal(counter, hello).code == "REPLAYED"
    assert answer_of(counter.post(*device.pull()))["flip"]


def test_a_request_on_a_link_of_before_a_restart_is_refused(counter: Counter) -> None:
    """Links live in the hub's memory; the device says hello again."""
    device = counter.device()
    restarted = Counter(counter.desks)
    assert refusal(restarted, device.pull()).code == "UNKNOWN_LINK"
    device.greet(restarted.post)
    assert answer_of(restarted.post(*device.pull()))["flip"]


def test_a_changed_body_or_number_breaks_the_signature(counter: Counter) -> None:
    """Neither what is asked nor its number can be changed under way."""
    device = counter.device()
    auth, body = device.pull()
    other = encode(Frame(FrameType.PULL, LAST, 1, pack({"cursor": None, "max": 9, "wait": 0})))
    assert refusal(counter, (auth, other)).code == "BAD_SIGNATURE"
    version, link, _, signature = auth.split(" ")
    assert refusal(counter, (f"{version} {link} 7 {signature}", body)).code == "BAD_SIGNATURE"
    assert answer_of(counter.post(auth, body))["flip"]


def test_a_greeting_on_a_link_is_refused(counter: Counter) -> None:
    """HELLO proves the key it brings, off any link."""
    device = counter.device()
    fields = {"proto": [1, 1], "org": device.org, "cert": device.certificate, "nonce": bytes(16)}
    assert refusal(counter, device.request(FrameType.HELLO, fields)).code == "BAD_SIGNATURE"


@pytest.mark.parametrize("auth", ["", "v1", "v2 00 1 x", "v1 " + "0" * 32 + " 1 AAAA"])
def test_a_request_without_a_signature_is_refused(counter: Counter, auth: str) -> None:
    """A header that is none says nothing."""
    device = counter.device()
    assert refusal(counter, (auth, device.pull()[1])).code == "BAD_SIGNATURE"


def test_what_is_no_request_is_refused_with_its_number(counter: Counter) -> None:
    """An answer's type is known, but nobody asks a hub that way."""
    device = counter.device()
    assert refusal(counter, device.request(FrameType.PAGE, {})).code == "UNSUPPORTED"


def test_a_request_is_one_frame(counter: Counter) -> None:
    """None, two or half of one are refused."""
    device = counter.device()
    auth, body = device.pull()
    for broken in (b"", body + body, body[:-1], body + b"\0"):
        assert refusal(counter, (auth, broken)).code == "BAD_FRAME"
