"""The hub's base digest, against one made from what a device is sent."""

from __future__ import annotations

from typing import Any

from satchel.hub.digest import base_digest
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.conflict import OPEN
from satchel.model.feed import Item
from satchel.schema.validate import create_values
from satchel.store import layout
from satchel.wire.codec import unpack
from satchel.wire.digest import BaseDigest
from tests.devices import HandMadeDevice, answer_of, entries_of
from tests.unit.hub.counter import Counter, id_of


def digest_of_a_pull(counter: Counter, device: HandMadeDevice) -> tuple[int, str]:
    """What a device that pulls everything comes to: S, and the digest of the entries."""
    data = counter.post(*device.pull(bytes_max=limits.PULL_BYTES_MAX))
    newest: dict[tuple[int, bytes], tuple[int, Any]] = {}
    for item, seq, *rest in entries_of(data):
        match item:
            case Item.PUT | Item.TOMB:
                place = 1, layout.hub_row_key(rest[0], rest[1])
                value = rest[2] if item == Item.PUT else None
            case Item.LINK | Item.UNLINK:
                place = 2, layout.hub_lnk_key(*rest[:3])
                value = rest[3] if item == Item.LINK else None
            case Item.CONFLICT:
                place = 3, layout.hub_cnf_key(*rest[:5])
                value = rest[5] if unpack(rest[5])[OPEN] else None
            case Item.ORIGIN:
                number, replica, processed, chain, _, user, at = rest
                place, value = (4, replica), (number, processed, chain, user, at)
            case _:
                continue
        if seq >= newest.get(place, (0, None))[0]:
            newest[place] = (seq, value)
    digest = BaseDigest()
    feeds = {1: digest.row, 2: digest.link, 3: digest.conflict}
    for (section, key), (_, value) in sorted(newest.items()):
        if section == 4:
            digest.origin(key, *value)
        elif value is not None:
            feeds[section](key, value)
    return answer_of(data)["flip"][3], digest.hexdigest()


def work_of_every_kind(counter: Counter, device: HandMadeDevice, other: HandMadeDevice) -> None:
    """Rows alive and dead, links on and off, a lost value, a buried one."""
    account = counter.catalog.table("account")
    link = counter.catalog.link("accountleads_association")
    lead = counter.catalog.table("lead")
    phone = account.columns["telephone1"].number
    device.write(counter.account(100, "Kept"), counter.account(101, "Deleted"))
    device.write([cs.CREATE, lead.number, id_of(200), lead_values(counter)])
    device.write([cs.LINK, link.number, *ends(counter, 100, 200)])
    device.write([cs.LINK, link.number, *ends(counter, 101, 200)])
    counter.post(*device.push_all())
    seen = counter.desk.head
    device.seen = other.seen = seen
    device.write([cs.SET, account.number, id_of(100), {phone: "1"}])
    device.write([cs.SET, account.number, id_of(101), {phone: "2"}])
    counter.post(*device.push_all())
    other.write([cs.SET, account.number, id_of(100), {phone: "3"}])
    other.write([cs.DELETE, account.number, id_of(101), 2])
    counter.post(*other.push_all())


def lead_values(counter: Counter) -> dict[int, Any]:
    lead = counter.catalog.table("lead")
    owner = (counter.catalog.number_of("systemuser"), id_of(3))
    return create_values(counter.catalog, lead, {"lastname": "Lee", "subject": "Boats"}, owner)


def ends(counter: Counter, account: int, lead: int) -> tuple[bytes, bytes]:
    link = counter.catalog.link("accountleads_association")
    pair = (id_of(account), id_of(lead))
    return pair if link.left == "account" else (pair[1], pair[0])


def test_a_device_that_has_pulled_comes_to_the_same_digest(counter: Counter) -> None:
    """From the entries of its pages alone, before and after work of every kind."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    before = counter.desk.store.read(base_digest)
    assert (before.seq, before.digest) == digest_of_a_pull(counter, device)
    work_of_every_kind(counter, device, other)
    after = counter.desk.store.read(base_digest)
    assert (after.seq, after.digest) == digest_of_a_pull(counter, device)
    assert after.digest != before.digest


def test_conflict_records_were_part_of_that(counter: Counter) -> None:
    """The comparison above has something to compare: a lost value and buried things."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    work_of_every_kind(counter, device, other)
    kinds = [entry[0] for entry in entries_of(counter.post(*device.pull()))]
    assert kinds.count(Item.CONFLICT) >= 2
    assert {Item.TOMB, Item.LINK, Item.UNLINK} <= set(kinds)


def test_every_change_changes_it(counter: Counter) -> None:
    """A row more, a value changed, a decided refusal: no two states share a digest."""
    device = counter.device()
    digests = {counter.desk.store.read(base_digest).digest}
    table = counter.catalog.table("account")
    device.write(counter.account(100, "One"))
    device.write(counter.account(100, "Refused"))
    device.write([cs.SET, table.number, id_of(100), {table.columns["telephone1"].number: "1"}])
    for ctr in range(1, 4):
        upto = device.outbox[:ctr]
        counter.post(*device.push(1, upto, bytes(32)))
        digests.add(counter.desk.store.read(base_digest).digest)
    assert len(digests) == 4


def test_what_a_device_is_not_told_is_no_part_of_it(counter: Counter) -> None:
    """Invites, users' records and devices without work leave it as it is."""
    counter.order("hub.user.add", name="Fay Field")
    before = counter.desk.store.read(base_digest)
    counter.device()
    counter.order("hub.invite", user="Fay Field")
    assert counter.desk.store.read(base_digest) == before
