"""A hub as it runs in an office: real processes, real HTTP, and requests made by hand."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
import trustme

from satchel.model import changeset as cs
from satchel.model.errors import SatchelError
from satchel.model.feed import Item
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.shell.hub_home import close_desks, open_desks
from satchel.wire.envelope import make_certificate, public_key, read_certificate
from tests.devices import HandMadeDevice, answer_of, entries_of
from tests.e2e.processes import (
    HubProcess,
    call_hub,
    init_hub,
    layout_of,
    receive,
    run_satcheld,
    send,
    temporary_home,
)

CATALOG = Catalog(standard_document())


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as path:
        yield path


def joined(hub: HubProcess, seed: int = 1, user: str = "Fay Field", **org: str) -> HandMadeDevice:
    """A device that has joined and said hello."""
    device = HandMadeDevice(seed)
    device.join(hub.invite(user, **org), hub.post)
    device.greet(hub.post)
    return device


def write_accounts(device: HandMadeDevice, count: int) -> None:
    table = CATALOG.table("account")
    owner = CATALOG.number_of("systemuser"), device.user
    for _ in range(count):
        number = device.ctr + 1
        values = create_values(CATALOG, table, {"name": f"Account {number}"}, owner)
        rec = device.replica + number.to_bytes(8, "big")
        device.write([cs.CREATE, table.number, rec, values])


def secret_of(home: Path) -> bytes:
    """The secret with which the hub of a home signs, while it does not run."""
    desks = open_desks(layout_of(home))
    try:
        return desks[0].office.setup.secret
    finally:
        close_desks(desks)


def refusal(hub: HubProcess, request: tuple[str, bytes]) -> str:
    with pytest.raises(SatchelError) as caught:
        answer_of(hub.post(*request))
    return caught.value.code


def test_from_nothing_to_two_devices_that_share_their_work(home: Path) -> None:
    """Found, run, add users, invite, join, push, pull: what one wrote the other has."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        one, two = joined(hub, 1), joined(hub, 2, "Olaf Office")
        write_accounts(one, 3)
        assert answer_of(hub.post(*one.push_all()))["processed"] == 3
        pulled = entries_of(hub.post(*two.pull()))
        accounts = CATALOG.table("account").number
        assert sum(entry[0] == Item.PUT and entry[2] == accounts for entry in pulled) == 3
        log = hub.log()
        assert [line[0] for line in log] == list(range(1, len(log) + 1))
        assert [line[2:4] for line in log if line[1] == one.replica.hex()] == [
            [1, "OK"], [2, "OK"], [3, "OK"],
        ]  # fmt: skip
        (org,) = hub.order("hub.status")["orgs"]
        assert (org["devices"], org["connected"]) == (2, 2)


def test_a_hub_that_is_told_to_end_answers_who_waits_and_exits_with_0(home: Path) -> None:
    """SIGTERM lets a long poll be answered, leaves no socket behind, and loses nothing."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        device = joined(hub)
        write_accounts(device, 1)
        head = answer_of(hub.post(*device.push_all()))["head"]
        cursor = answer_of(hub.post(*device.pull()))["flip"][2]
        with closing(hub.connect()) as waiting:
            send(waiting, *device.pull(cursor, wait_ms=50_000))
            hub.post(*device.schema(1))  # what was sent before it has been read by now
            assert hub.terminate() == 0
            assert answer_of(receive(waiting))["flip"][3] == head
        assert not Path(hub.layout.hub_socket).exists()
        assert hub.errors() == ""
    assert call_hub(home, "hub.status")["orgs"][0]["head"] == head


def test_the_order_stop_ends_it_the_same_way(home: Path) -> None:
    """Its administrator needs no signal."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        assert hub.order("stop") == {}
        assert hub.wait() == 0


@pytest.mark.parametrize("seed", range(4))
def test_kill_9_in_the_middle_of_pushes_loses_nothing_and_doubles_nothing(
    home: Path, seed: int
) -> None:
    """Whatever was acknowledged is there, counters are gapless, and the same bytes pushed
    again finish the work: each changeset is decided once."""
    init_hub(home, "Contoso")
    chance = Random(seed)
    with HubProcess(home) as hub:
        device = joined(hub)
    acknowledged = 0
    for _ in range(3):
        with HubProcess(home) as hub:
            device.greet(hub.post)
            killer = threading.Timer(chance.uniform(0.01, 0.15), hub.kill)
            killer.start()
            with suppress(OSError, http.client.HTTPException):
                while True:
                    write_accounts(device, chance.randint(1, 40))
                    chain = device.chain_at(acknowledged)
                    entries = device.outbox[acknowledged:]
                    request = device.push(acknowledged + 1, entries, chain)
                    acknowledged = answer_of(hub.post(*request))["processed"]
            killer.join()
    with HubProcess(home) as hub:
        assert device.greet(hub.post)["processed"] >= acknowledged
        chain = device.chain_at(acknowledged)
        request = device.push(acknowledged + 1, device.outbox[acknowledged:], chain)
        assert answer_of(hub.post(*request))["processed"] == device.ctr
        assert device.greet(hub.post)["chain"] == device.chain
        log = hub.log()
        assert [line[0] for line in log] == list(range(1, len(log) + 1))
        assert [line[2] for line in log if line[1] == device.replica.hex()] == list(
            range(1, device.ctr + 1)
        )


def test_a_stranger_gets_a_refusal_and_nothing_else(home: Path) -> None:
    """Without a certificate of this hub, or without its key."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        device = joined(hub)
        thief = HandMadeDevice(9)
        thief.org, thief.certificate = device.org, device.certificate
        assert refusal(hub, thief.hello()) == "BAD_SIGNATURE"
        own = read_certificate(device.hub_public, device.certificate)
        thief.certificate = make_certificate(thief.secret, own._replace(pubkey=thief.public))
        assert refusal(hub, thief.hello()) == "BAD_SIGNATURE"
        thief.link = b"x" * 16
        assert refusal(hub, thief.pull()) == "UNKNOWN_LINK"
        assert refusal(hub, thief.enrol("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")) == "BAD_INVITE"


def test_an_expired_device_is_refused(home: Path) -> None:
    """By its certificate's end, whoever else is let in."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        device = joined(hub)
    secret = secret_of(home)
    own = read_certificate(public_key(secret), device.certificate)
    device.certificate = make_certificate(secret, own._replace(not_after_ms=1_000))
    with HubProcess(home) as hub:
        assert refusal(hub, device.hello()) == "EXPIRED"
        joined(hub, 2, "Olaf Office")


def test_a_revoked_device_is_refused_at_once(home: Path) -> None:
    """In the middle of its work; the others go on."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        device, other = joined(hub, 1), joined(hub, 2, "Olaf Office")
        (first, *_) = [
            listed["id"]
            for listed in hub.order("hub.device.list")["devices"]
            if listed["replica"] == device.replica.hex()
        ]
        hub.order("hub.device.revoke", device=first)
        write_accounts(device, 1)
        assert refusal(hub, device.push_all()) == "REVOKED"
        assert refusal(hub, device.hello()) == "REVOKED"
        assert answer_of(hub.post(*other.pull()))["flip"]


def test_a_device_of_another_organisation_is_refused(home: Path) -> None:
    """One hub, two organisations: a certificate opens one door."""
    init_hub(home, "Contoso", "Fabrikam")
    with HubProcess(home) as hub:
        device = joined(hub, 1, org="Contoso")
        joined(hub, 2, org="Fabrikam")
        orgs = {
            org["org"]: bytes.fromhex(org["org_id"].replace("-", ""))
            for org in hub.order("hub.status")["orgs"]
        }
        assert refusal(hub, device.hello(org=orgs["Fabrikam"])) == "WRONG_ORG"
        assert refusal(hub, device.hello(org=bytes(16))) == "WRONG_ORG"


def test_recorded_requests_sent_again_change_nothing(home: Path) -> None:
    """While the hub runs and after it has restarted, on new connections."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        device = HandMadeDevice()
        recorded = [device.enrol(hub.invite())]
        joined_as = answer_of(hub.post(*recorded[0]))
        device.keep(joined_as)
        recorded.append(device.hello())
        device.link = answer_of(hub.post(*recorded[1]))["link"]
        write_accounts(device, 2)
        recorded.append(device.push_all())
        hub.post(*recorded[2])
        before = hub.order("hub.digest"), hub.order("hub.device.list")["devices"][0]["number"]
        assert answer_of(hub.post(*recorded[0])) | {"hub_now": 0} == joined_as | {"hub_now": 0}
        assert [refusal(hub, request) for request in recorded[1:]] == ["REPLAYED", "REPLAYED"]
        assert answer_of(hub.post(*device.pull()))["flip"]
    with HubProcess(home) as hub:
        hub.post(*recorded[0])
        hub.post(*recorded[1])
        assert refusal(hub, recorded[2]) == "UNKNOWN_LINK"
        after = hub.order("hub.digest"), hub.order("hub.device.list")["devices"][0]["number"]
        assert after == before


def test_a_home_has_one_hub(home: Path) -> None:
    """A second one, and an order past the first, end at once and say why."""
    init_hub(home, "Contoso")
    with HubProcess(home) as hub:
        second = run_satcheld(home, "hub", "run", "--listen", "127.0.0.1:0")
        assert second.returncode == 5
        assert str(hub.pid) in second.stderr
        past = run_satcheld(home, "hub", "call", "hub.user.list")
        assert past.returncode == 5
        assert json.loads(past.stderr)["error"]["code"] == "ALREADY_RUNNING"
        assert run_satcheld(home, "hub", "init", "--org", "Fabrikam").returncode == 5
    assert call_hub(home, "hub.user.list")["users"][0]["name"] == "System"


def test_plain_http_beyond_this_machine_must_be_asked_for(home: Path) -> None:
    """--insecure is the asking; without it nothing listens."""
    init_hub(home, "Contoso")
    refused = run_satcheld(home, "hub", "run", "--listen", "0.0.0.0:0")
    assert refused.returncode == 7
    assert "--insecure" in refused.stderr
    with HubProcess(home, "--insecure", listen="0.0.0.0:0") as hub:
        assert hub.url.startswith("http://0.0.0.0:")


def test_a_hub_with_a_certificate_speaks_tls_alone(home: Path) -> None:
    """The whole conversation over TLS; plain HTTP gets no answer."""
    init_hub(home, "Contoso")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key = home / "hub.pem", home / "hub.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    with HubProcess(home, "--cert", str(certificate), "--key", str(key)) as hub:
        assert hub.url.startswith("https://")
        device = HandMadeDevice()
        device.join(hub.invite(), lambda auth, body: hub.post(auth, body, tls))
        device.greet(lambda auth, body: hub.post(auth, body, tls))
        with pytest.raises((OSError, http.client.HTTPException)):
            hub.post(*device.hello())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("hub", "run"), 4, "hub init"),
        (("hub", "run", "--cert", "x"), 2, "Give both"),
        (("hub", "run", "--listen", "nowhere"), 2, "host:port"),
        (("hub", "init", "--org", " "), 2, "characters"),
        (("hub", "call", "hub.nothing"), 2, "UNKNOWN_COMMAND"),
        (("hub", "call", "hub.invite"), 2, "BAD_REQUEST"),
        (("hub", "call", "ping"), 6, "NOT_RUNNING"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    home: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Never a traceback."""
    done = run_satcheld(home, *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_init_writes_down_where_to_listen(home: Path) -> None:
    """In the settings file that it makes; one that is there stays as it is."""
    done = run_satcheld(home, "hub", "init", "--org", "Contoso", "--listen", "127.0.0.1:0")
    assert done.returncode == 0
    assert 'listen = "127.0.0.1:0"' in Path(layout_of(home).settings).read_text()
    again = run_satcheld(home, "hub", "init", "--org", "Fabrikam", "--listen", "127.0.0.1:1")
    assert again.returncode == 2
    assert 'listen = "127.0.0.1:0"' in Path(layout_of(home).settings).read_text()
