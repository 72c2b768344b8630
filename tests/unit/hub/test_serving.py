"""PUSH, PULL and SCHEMA as a device sees them."""

from __future__ import annotations

import logging

import pytest

from satchel.hub.judge import Judge
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.errors import SatchelError, Trouble
from satchel.model.feed import Item
from satchel.model.outcome import Code
from satchel.wire import chain as chains
from satchel.wire.codec import unpack
from satchel.wire.frame import FrameType
from tests.devices import HandMadeDevice, answer_of, entries_of, read_frames
from tests.unit.hub.counter import Counter, id_of


def refusal(counter: Counter, request: tuple[str, bytes]) -> SatchelError:
    with pytest.raises(SatchelError) as caught:
        answer_of(counter.post(*request))
    return caught.value


def write_accounts(counter: Counter, device: HandMadeDevice, count: int) -> None:
    for number in range(device.ctr, device.ctr + count):
        device.write(counter.account(1_000 + number, f"Account {number}"))


def pull_all(
    counter: Counter, device: HandMadeDevice, bytes_max: int
) -> tuple[list[int], list[list[object]]]:
    """Pull to the FLIP; the number of entries of each response, and all of them."""
    cursor, sizes, entries = None, [], []
    for _ in range(1_000):
        data = counter.post(*device.pull(cursor, bytes_max))
        got = entries_of(data)
        sizes.append(len(got))
        entries += got
        end = read_frames(data)[-1]
        if end.type is FrameType.FLIP:
            return sizes, entries
        cursor = unpack(end.payload)["cursor"]
    raise AssertionError("the pull does not end")


# -- push -------------------------------------------------------------------------------------


def test_a_push_of_many_slices_is_decided_whole(counter: Counter) -> None:
    """More changesets than one transaction takes: counters, chain and head come out right."""
    device = counter.device()
    head = counter.desk.head
    write_accounts(counter, device, limits.HUB_BATCH_MAX * 2 + 5)
    answer = answer_of(counter.post(*device.push_all()))
    assert answer["processed"] == device.ctr
    assert [outcome[0] for outcome in answer["outcomes"]] == list(range(1, device.ctr + 1))
    assert answer["head"] == head + device.ctr
    assert answer["need"] == []
    assert device.greet(counter.post)["chain"] == device.chain


def test_pushing_again_decides_nothing_again(counter: Counter) -> None:
    """A lost answer costs a repeat of the same bytes, and changes nothing."""
    device = counter.device()
    write_accounts(counter, device, 70)
    counter.post(*device.push_all())
    head = counter.desk.head
    answer = answer_of(counter.post(*device.push_all()))
    assert (answer["processed"], answer["outcomes"]) == (70, [])
    assert counter.desk.head == head


def test_a_gap_is_answered_with_what_is_missing(counter: Counter) -> None:
    """Counters are decided in order, without holes."""
    device = counter.device()
    write_accounts(counter, device, 3)
    chain = chains.extend(chains.CHAIN_START, device.replica, 1, chains.body_hash(device.outbox[0]))
    answer = answer_of(counter.post(*device.push(2, device.outbox[1:], chain)))
    assert (answer["processed"], answer["need"]) == (0, [[device.replica, 1, 1]])


def test_a_device_pushes_only_its_own_work(counter: Counter) -> None:
    """A bundle of another replica is refused, whoever signed the request."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    write_accounts(counter, other, 1)
    bundle = [1, other.replica, 1, chains.CHAIN_START, other.outbox, 1, None]
    assert (
        refusal(counter, device.request(FrameType.PUSH, {"bundle": bundle})).code == "NOT_ALLOWED"
    )


def test_another_history_is_a_fork(counter: Counter) -> None:
    """Different bytes under a decided counter: the store was copied, and nothing is written."""
    device = counter.device()
    write_accounts(counter, device, 2)
    counter.post(*device.push_all())
    head = counter.desk.head
    device.outbox[1] = device.outbox[0]
    assert refusal(counter, device.push_all()).code == "FORK"
    assert counter.desk.head == head


def test_a_fork_in_a_later_slice_is_found(counter: Counter) -> None:
    """The chain is carried from slice to slice."""
    device = counter.device()
    write_accounts(counter, device, limits.HUB_BATCH_MAX + 1)
    wrong_start = b"\1" * 32
    assert refusal(counter, device.push(1, device.outbox, wrong_start)).code == "FORK"
    assert device.greet(counter.post)["processed"] == 0


@pytest.mark.parametrize(
    "bundle",
    [None, [], [2], [1, bytes(8), 0, bytes(32), [], -1, None]],
)
def test_a_malformed_bundle_is_no_message(counter: Counter, bundle: object) -> None:
    """Its shape is checked before anything else."""
    device = counter.device()
    assert refusal(counter, device.request(FrameType.PUSH, {"bundle": bundle})).code == "BAD_FRAME"


def test_a_fault_of_the_judge_stops_its_origin_and_nothing_else(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What came before is decided, the rest waits without a verdict, others go on, the
    administrator sees it; once the bug is gone the device pushes on by itself."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    write_accounts(counter, device, 5)
    judged = Judge.run

    def fails_on_the_third(judge: Judge) -> None:
        judged(judge)
        if judge._entry.ops[0][2] == id_of(1_002):  # noqa: SLF001
            raise KeyError("planted")

    monkeypatch.setattr(Judge, "run", fails_on_the_third)
    with caplog.at_level(logging.CRITICAL):
        error = refusal(counter, device.push_all())
    assert (error.code, error.details["retry_after_ms"]) == ("RETRY_LATER", limits.RETRY_AFTER_MS)
    assert device.greet(counter.post)["processed"] == 2
    assert "planted" in orders_faults(counter)[0]
    other.write(counter.account(2_000, "Other"))
    assert answer_of(counter.post(*other.push_all()))["processed"] == 1

    monkeypatch.undo()
    assert answer_of(counter.post(*device.push_all()))["processed"] == 5
    assert orders_faults(counter) == []


def orders_faults(counter: Counter) -> list[str]:
    return sorted(counter.desk.faults.values())


@pytest.mark.parametrize("code", ["DISK_FULL", "STORE_DAMAGED"])
def test_what_is_wrong_with_the_hubs_disk_is_not_the_devices_trouble(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """It is asked to come again; whoever administers the hub is told what it is."""
    device = counter.device()
    write_accounts(counter, device, 1)

    def broken(*_: object) -> None:
        raise Trouble(code, "The disk is full.")

    monkeypatch.setattr(counter.desk, "write", broken)
    error = refusal(counter, device.push_all())
    assert (error.code, error.details["retry_after_ms"]) == ("RETRY_LATER", limits.RETRY_AFTER_MS)
    with pytest.raises(Trouble):
        counter.order("hub.user.add", name="Newcomer")


def test_outcomes_that_do_not_fit_a_frame_are_left_to_the_feed(counter: Counter) -> None:
    """PUSHED is a hint; its frame stays within bounds whatever the refusals say."""
    device = counter.device()
    for number in range(limits.BUNDLE_ENTRIES_MAX):
        table, column = counter.catalog.table("account").number, 9_999
        device.write([cs.CREATE, table, id_of(5_000 + number), {column: "x" * 900}])
    answer = answer_of(counter.post(*device.push_all()))
    assert answer["processed"] == limits.BUNDLE_ENTRIES_MAX
    assert {outcome[1] for outcome in answer["outcomes"]} == {Code.INVALID}


# -- pull -------------------------------------------------------------------------------------


def test_a_first_pull_brings_everything_and_a_flip(counter: Counter) -> None:
    """The rows an organisation begins with, the hub's own origin, and the place it leads to."""
    device = counter.device()
    data = counter.post(*device.pull())
    kinds = {entry[0] for entry in entries_of(data)}
    assert kinds == {Item.PUT, Item.ORIGIN}
    epoch, base, cursor, head, refusals, schema, *rest = answer_of(data)["flip"]
    assert (epoch, base, head, refusals, schema) == (1, 0, counter.desk.head, [], 1)
    assert rest == [None, None, counter.now_ms, None]
    assert answer_of(counter.post(*device.pull(cursor)))["flip"][1:4:2] == [head, head]


def test_a_pull_cut_into_small_responses_brings_the_same(counter: Counter) -> None:
    """Whatever fits a response, the entries are those of one large one."""
    device = counter.device()
    write_accounts(counter, device, 200)
    counter.post(*device.push_all())
    _, whole = pull_all(counter, device, limits.PULL_BYTES_MAX)
    sizes, pieces = pull_all(counter, device, 2_000)
    assert len(sizes) > 10
    assert {repr(entry) for entry in pieces} == {repr(entry) for entry in whole}


def test_only_a_pass_from_one_snapshot_ends_in_a_flip(counter: Counter) -> None:
    """What changes between two responses comes again before the FLIP that includes it."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    write_accounts(counter, device, 100)
    counter.post(*device.push_all())
    first = counter.post(*device.pull(None, 4_000))
    assert read_frames(first)[-1].type is FrameType.MORE
    other.write(counter.account(2_000, "Meanwhile"))
    counter.post(*other.push_all())
    cursor, seen = answer_of(first)["cursor"], entries_of(first)
    heads = [answer_of(first)["head"]]
    while (end := read_frames(data := counter.post(*device.pull(cursor, 4_000)))[-1]).type is (
        FrameType.MORE
    ):
        seen += entries_of(data)
        cursor = unpack(end.payload)["cursor"]
        heads.append(unpack(end.payload)["head"])
    seen += entries_of(data)
    assert unpack(end.payload)["flip"][3] == counter.desk.head
    assert any(entry[3] == id_of(2_000) for entry in seen if entry[0] == Item.PUT)
    assert heads == sorted(heads)


def test_pages_are_bounded_and_say_where_to_go_on(counter: Counter) -> None:
    """After a cut a device goes on behind the last page it has, and misses nothing."""
    device = counter.device()
    for number in range(900):
        device.write(counter.account(1_000 + number, f"{number}", description="x" * 900))
    counter.post(*device.push_all())
    data = counter.post(*device.pull())
    pages = [unpack(f.payload) for f in read_frames(data) if f.type is FrameType.PAGE]
    assert len(pages) > 1
    assert all(sum(map(len, page["entries"])) <= limits.PAGE_BYTES_TARGET for page in pages)
    got = [unpack(entry) for entry in pages[0]["entries"]]
    _, after_the_cut = pull_from(counter, device, pages[0]["cursor"])
    whole = {repr(entry) for entry in entries_of(data)}
    assert {repr(entry) for entry in got + after_the_cut} == whole


def pull_from(
    counter: Counter, device: HandMadeDevice, cursor: bytes
) -> tuple[bytes, list[list[object]]]:
    data = counter.post(*device.pull(cursor, limits.PULL_BYTES_MAX))
    flip = answer_of(data)["flip"]
    return flip[2], entries_of(data)


def test_a_device_at_the_head_waits_until_the_head_moves(counter: Counter) -> None:
    """Nothing to say is not an answer; a colleague's work is."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    cursor = answer_of(counter.post(*device.pull()))["flip"][2]
    assert counter.is_idle(*device.pull(cursor, wait_ms=50_000))
    other.write(counter.account(2_000, "News"))
    counter.post(*other.push_all())
    assert not counter.is_idle(*device.pull(cursor, wait_ms=50_000))


def test_a_hub_with_little_room_serves_small_responses(counter: Counter) -> None:
    """What a device asks for is bounded by what the hub can hold."""
    device = counter.device()
    write_accounts(counter, device, 200)
    counter.post(*device.push_all())
    counter.room = 1_000
    assert read_frames(counter.post(*device.pull()))[-1].type is FrameType.MORE


def test_a_refusal_reaches_its_author_alone(counter: Counter) -> None:
    """Outcomes are told to the replica that wrote the changeset."""
    device, other = counter.device(1), counter.device(2, "Olaf Office")
    device.write(counter.account(1_000, "Once"))
    device.write(counter.account(1_000, "Twice"))
    counter.post(*device.push_all())
    own = [e for e in entries_of(counter.post(*device.pull())) if e[0] == Item.OUTCOME]
    assert [(ctr, code) for _, _, ctr, code, _ in own] == [(1, Code.OK), (2, Code.DUP_ID)]
    others = [e for e in entries_of(counter.post(*other.pull())) if e[0] == Item.OUTCOME]
    assert others == []


def test_a_cursor_of_another_hub_is_refused(two_orgs: Counter) -> None:
    """A cursor is sealed by the organisation that made it."""
    contoso, fabrikam = two_orgs.device(1, org="Contoso"), two_orgs.device(2, org="Fabrikam")
    cursor = answer_of(two_orgs.post(*contoso.pull()))["flip"][2]
    for foreign in (cursor, b"", b"x" * 40, cursor[:-1] + b"\0"):
        assert refusal(two_orgs, fabrikam.pull(foreign)).code == "BAD_SIGNATURE"


@pytest.mark.parametrize(
    "broken", [{"max": -1}, {"wait": "x"}, {"cursor": 7}, {"cursor": bytes(2_000)}]
)
def test_a_malformed_pull_is_no_message(counter: Counter, broken: dict[str, object]) -> None:
    """Every field is taken with its type."""
    device = counter.device()
    fields = {"cursor": None, "max": 1_000, "wait": 0} | broken
    assert refusal(counter, device.request(FrameType.PULL, fields)).code == "BAD_FRAME"


# -- schema -----------------------------------------------------------------------------------


def test_the_schema_comes_as_a_document(counter: Counter) -> None:
    """By its version; one that is not there is missing."""
    device = counter.device()
    answer = answer_of(counter.post(*device.schema(1)))
    assert unpack(answer["document"])["version"] == answer["version"] == 1
    assert refusal(counter, device.schema(2)).code == "NO_SUCH_ENTRY"
