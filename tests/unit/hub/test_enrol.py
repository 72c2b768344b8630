"""Joining: what an invite is good for, and for whom."""

from __future__ import annotations

import pytest

from satchel.model import limits
from satchel.model.errors import Denied, Garbled, SatchelError
from satchel.wire.envelope import read_certificate
from tests.devices import HandMadeDevice, answer_of
from tests.unit.hub.counter import Counter


def refusal(
    counter: Counter, device: HandMadeDevice, invite: str, /, **other: object
) -> SatchelError:
    with pytest.raises(SatchelError) as caught:
        answer_of(counter.post(*device.enrol(invite, **other)))
    return caught.value


def test_an_invite_gives_a_certificate_for_the_key_that_asked(counter: Counter) -> None:
    """The certificate names organisation, user, device, replica and key, and an end."""
    device = HandMadeDevice()
    answer = device.join(counter.invite("Fay Field"), counter.post)
    certificate = read_certificate(answer["hub_public"], answer["certificate"])
    assert certificate.org == answer["org"] == counter.desk.org
    assert certificate.user == answer["user"]
    assert (certificate.replica, certificate.pubkey) == (device.replica, device.public)
    assert certificate.number == answer["number"] == 1
    assert certificate.not_after_ms == counter.now_ms + limits.CERTIFICATE_MS
    assert (answer["org_name"], answer["user_name"]) == ("Contoso", "Fay Field")
    assert (answer["schema"], answer["epoch"]) == (1, 1)


def test_joining_takes_no_seq(counter: Counter) -> None:
    """The sequence is of changesets: an origin appears in it with its first one."""
    invite = counter.invite()
    head = counter.desk.head
    HandMadeDevice().join(invite, counter.post)
    assert counter.desk.head == head


def test_an_invite_is_read_as_people_type_it(counter: Counter) -> None:
    """Case, hyphens and spaces do not count."""
    invite = counter.invite()
    device = HandMadeDevice()
    assert device.join(f" {invite.lower().replace('-', ' ')} ", counter.post)["number"] == 1


def test_each_replica_gets_its_own_number(counter: Counter) -> None:
    """Numbers count up and none is given twice."""
    numbers = [
        HandMadeDevice(seed).join(counter.invite(), counter.post)["number"] for seed in (1, 2, 3)
    ]
    assert numbers == [1, 2, 3]


def test_an_invite_works_once(counter: Counter) -> None:
    """Another replica cannot use it any more."""
    invite = counter.invite()
    HandMadeDevice(1).join(invite, counter.post)
    assert refusal(counter, HandMadeDevice(2), invite).code == "BAD_INVITE"


def test_a_lost_answer_is_given_again(counter: Counter) -> None:
    """The same replica with the same key gets the same certificate, later too."""
    invite = counter.invite()
    device = HandMadeDevice()
    first = device.join(invite, counter.post)
    counter.now_ms += limits.INVITE_MS * 2
    again = device.join(invite, counter.post)
    assert again["certificate"] == first["certificate"]
    assert again["device"] == first["device"]


def test_a_used_invite_is_no_use_with_another_key(counter: Counter) -> None:
    """Who knows code and replica id but not the key gets nothing."""
    invite = counter.invite()
    HandMadeDevice(1).join(invite, counter.post)
    thief = HandMadeDevice(2)
    thief.replica = HandMadeDevice(1).replica
    assert refusal(counter, thief, invite).code == "NOT_ALLOWED"


@pytest.mark.parametrize("code", ["", "AAAA-BBBB", "x" * 200])
def test_an_unknown_invite_is_refused(counter: Counter, code: str) -> None:
    """A code that was never given out gets a refusal and nothing else."""
    counter.invite()
    error = refusal(counter, HandMadeDevice(), code or "-")
    assert (error.code, error.details) == ("BAD_INVITE", {})


def test_an_expired_an_unknown_and_a_used_invite_read_the_same(counter: Counter) -> None:
    """A stranger cannot tell which of them it was."""
    used, expired = counter.invite(), counter.invite()
    HandMadeDevice(1).join(used, counter.post)
    counter.now_ms += limits.INVITE_MS
    told = {
        (error.code, error.message, error.remedy)
        for error in (
            refusal(counter, HandMadeDevice(2), used),
            refusal(counter, HandMadeDevice(2), expired),
            refusal(counter, HandMadeDevice(2), "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"),
        )
    }
    assert len(told) == 1


def test_an_invite_of_a_user_disabled_since_is_refused(counter: Counter) -> None:
    """Disabling a user shuts out devices that have not joined yet, too."""
    invite = counter.invite("Fay Field")
    counter.order("hub.user.disable", user="Fay Field")
    assert refusal(counter, HandMadeDevice(), invite).code == "BAD_INVITE"
    with pytest.raises(Denied):
        counter.order("hub.invite", user="Fay Field")


def test_a_new_invite_renews_the_certificate_of_the_same_replica(counter: Counter) -> None:
    """The device stays the same one, with its number, and its outbox goes on."""
    device = HandMadeDevice()
    first = device.join(counter.invite(), counter.post)
    counter.now_ms += limits.CERTIFICATE_MS
    renewed = device.join(counter.invite(), counter.post)
    assert (renewed["device"], renewed["number"]) == (first["device"], first["number"])
    assert renewed["certificate"] != first["certificate"]
    assert device.greet(counter.post)["processed"] == 0


def test_a_replica_cannot_change_to_another_user(counter: Counter) -> None:
    """Its work is the first user's, and the invite stays unused."""
    device = HandMadeDevice()
    device.join(counter.invite("Fay Field"), counter.post)
    other = counter.invite("Olaf Office")
    assert refusal(counter, device, other).code == "NOT_ALLOWED"
    assert HandMadeDevice(2).join(other, counter.post)["user_name"] == "Olaf Office"


def test_a_revoked_device_is_not_renewed(counter: Counter) -> None:
    """It was shut out for good; its user joins with a new replica."""
    device = HandMadeDevice()
    device.join(counter.invite(), counter.post)
    counter.order("hub.device.revoke", device="field laptop")
    assert refusal(counter, device, counter.invite()).code == "REVOKED"


def test_a_wish_not_signed_by_its_key_is_refused(counter: Counter) -> None:
    """Nobody joins a key whose secret he does not hold."""
    device = HandMadeDevice()
    error = refusal(counter, device, counter.invite(), pubkey=HandMadeDevice(2).public)
    assert error.code == "BAD_SIGNATURE"


def test_an_invite_is_found_in_the_organisation_it_is_for(two_orgs: Counter) -> None:
    """A hub of several organisations needs only the code."""
    device = HandMadeDevice()
    answer = device.join(two_orgs.invite(org="Fabrikam"), two_orgs.post)
    assert answer["org_name"] == "Fabrikam"


def test_an_invite_is_no_use_in_another_organisation(two_orgs: Counter) -> None:
    """Naming an organisation narrows the search to it."""
    invite = two_orgs.invite(org="Fabrikam")
    for narrowed in ({"org": two_orgs.desks[0].org}, {"org_name": "Contoso"}, {"org": bytes(16)}):
        assert refusal(two_orgs, HandMadeDevice(), invite, **narrowed).code == "BAD_INVITE"


@pytest.mark.parametrize("versions", [[2, 3], [0, 0]])
def test_a_device_of_another_protocol_version_is_told_so(
    counter: Counter, versions: list[int]
) -> None:
    """The refusal names both versions."""
    error = refusal(counter, HandMadeDevice(), "x", proto=versions)
    assert isinstance(error, Garbled)
    assert error.code == "BAD_VERSION"


@pytest.mark.parametrize(
    "broken",
    [
        {"replica": b"short"},
        {"pubkey": bytes(31)},
        {"device": ""},
        {"device": "x" * 201},
        {"invite": b"bytes"},
        {"proto": None},
        {"proto": [3, 1]},
        {"org": b"short"},
    ],
)
def test_a_malformed_wish_is_no_message(counter: Counter, broken: dict[str, object]) -> None:
    """Every field is taken with its type and size."""
    assert refusal(counter, HandMadeDevice(), "x", **broken).code == "BAD_FRAME"
