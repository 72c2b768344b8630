"""The way to a link: HELLO, the comparison of chains, refusals, and starting over."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from satchel.model.limits import BACKOFF_MS_MAX, BACKOFF_MS_MIN, CLOCK_SKEW_WARN_MS
from satchel.sync.answers import HelloOk, SchemaOk
from satchel.sync.effects import (
    Arm,
    Cancel,
    CheckChain,
    Disarm,
    InstallFlip,
    ReadStanding,
    Send,
    Status,
)
from satchel.wire.frame import FrameType
from tests.playbook.book import (
    ANSWER_MS,
    CERT,
    CHAIN,
    EPOCH,
    LINK,
    LINK2,
    ORG,
    READ_STANDING,
    REPLICA,
    Book,
    answered,
    asked,
    at_head,
    chain_checked,
    due,
    failed,
    flip,
    flipped,
    hello,
    hello_ok,
    late,
    linked,
    outbox,
    pull,
    pulled,
    push,
    pushed,
    read_outbox,
    standing,
    started,
    stopped,
    store_failed,
    woke,
)

FIRST_WAIT_MS = BACKOFF_MS_MIN // 2  # the book's chance is always one half
REFUSED_WAIT_MS = 5 * BACKOFF_MS_MAX
CHECK_CHAIN = CheckChain(ANY, 0, CHAIN)


def greeting() -> Book:
    """A session that has said HELLO."""
    return Book() >> started() << READ_STANDING >> standing(2) << hello()


def test_hello_names_the_store_and_its_replica() -> None:
    """HELLO carries what the store says about itself, and a nonce of its own each time."""
    book = greeting() >> failed("hello", "BUSY") << Arm("hello", FIRST_WAIT_MS)
    book = book >> due("hello") << READ_STANDING >> standing(2) << hello()
    first, second = book.done().sent
    assert first.payload == {
        "proto": [1, 1],
        "org": ORG,
        "replica": REPLICA,
        "cert": CERT,
        "schema": 1,
        "features": 0,
        "nonce": ANY,
        "now_ms": 1_020_000,
    }
    nonces = [send.payload["nonce"] for send in (first, second)]
    assert [len(nonce) for nonce in nonces] == [16, 16]
    assert nonces[0] != nonces[1]


def test_nothing_leaves_the_log_before_chains_were_compared() -> None:
    """After HELLO_OK the store compares chains; the outbox is not even read until they agree."""
    book = greeting().reads("connecting") >> hello_ok(processed=1) << CheckChain(ANY, 1, CHAIN)
    book = book >> woke(3) >> chain_checked() << read_outbox(1) << pull(b"@7")
    book.done().reads("online")


def test_another_chain_stops_everything() -> None:
    """A store whose chain the hub does not share stops with FORK and says no more."""
    book = greeting() >> hello_ok(processed=1) << CheckChain(ANY, 1, CHAIN) >> chain_checked(False)
    book = book >> woke(9) >> due("hello") >> due("push") >> due("pull")
    book.done().reads("fork", "FORK")


def test_a_person_may_have_a_fork_compared_again() -> None:
    """Asking a forked store to sync compares chains again, and sends nothing unless they agree."""
    book = greeting() >> hello_ok() << CHECK_CHAIN >> chain_checked(False)
    book = book >> asked("now") << READ_STANDING >> standing(2) << hello() >> hello_ok()
    book = book << CHECK_CHAIN >> chain_checked(False)
    book.done().reads("fork", "FORK")


def test_a_fork_found_by_the_hub_stops_both_lanes() -> None:
    """FORK as the answer to a push ends the pull as well; nothing is retried."""
    book = at_head() >> woke(1) << read_outbox(0) >> outbox(1, b"a") << push(1, b"a")
    book = book >> failed("push", "FORK") << Cancel("pull") >> woke(2)
    book.done().reads("fork", "FORK")


def test_a_fork_found_at_the_flip_stops_both_lanes() -> None:
    """A FLIP whose origin line is not our history stops with FORK."""
    book = linked(1) >> outbox(1, b"a") << push(1, b"a") >> pulled(end=flip(7, 8))
    book = book << InstallFlip(ANY, flip(7, 8)) >> flipped("fork") << Cancel("push")
    book.done().reads("fork", "FORK")


def test_a_chain_checked_for_an_older_hello_proves_nothing() -> None:
    """A late ChainChecked of a HELLO given up does not open the link of the next one."""
    book = greeting() >> hello_ok() << CHECK_CHAIN
    old = late(chain_checked(True), book)
    book = book >> asked("pause") >> asked("resume") << READ_STANDING >> standing(2) << hello()
    book = book >> hello_ok(processed=5) << CheckChain(ANY, 5, CHAIN) >> old
    book.done().reads("connecting")
    (book >> chain_checked(False)).done().reads("fork", "FORK")


def test_another_epoch_stops() -> None:
    """A hub of another epoch than the store's stops the session with EPOCH."""
    book = greeting() >> hello_ok(epoch=EPOCH + 1)
    book.done().reads("epoch", "EPOCH")


def test_a_store_that_has_no_epoch_yet_takes_the_hubs() -> None:
    """Before the first FLIP any epoch is right, and people read that it is loading."""
    book = Book() >> started() << READ_STANDING
    book = book >> standing(epoch=None, s=0, cursor=None) << hello() >> hello_ok()
    book = book << CHECK_CHAIN >> chain_checked() << pull(None)
    book.done().reads("loading")
    book = book >> pulled(end=flip(0, 0)) << InstallFlip(ANY, flip(0, 0))
    (book >> flipped() << pull(b"@0", wait=55_000)).done().reads("online")


def test_a_lost_hello_is_said_again_later_and_later() -> None:
    """HELLO backs off exponentially up to a minute, from the store each time."""
    book = Book() >> started() << READ_STANDING
    ceilings_ms = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    for ceiling_ms in ceilings_ms:
        book = book >> standing(2) << hello() >> failed("hello", "HUB_UNREACHABLE")
        book = book << Arm("hello", ceiling_ms // 2)
        book = book.reads("offline", "HUB_UNREACHABLE") >> due("hello") << READ_STANDING
    book = book >> standing(2) << hello() >> hello_ok() << CHECK_CHAIN >> chain_checked()
    (book << read_outbox(0) << pull(b"@7")).done().reads("online")


def test_the_hubs_own_delay_is_the_least() -> None:
    """``retry_after_ms`` is waited for in full, with the jitter on top."""
    book = greeting() >> failed("hello", "RETRY_LATER", 7_000) << Arm("hello", 7_250)
    book.done().reads("offline", "RETRY_LATER")


def test_a_hub_cannot_send_a_device_away_for_ever() -> None:
    """A delay beyond five minutes is cut."""
    book = greeting() >> failed("hello", "BUSY", 10**12)
    (book << Arm("hello", REFUSED_WAIT_MS + FIRST_WAIT_MS)).done()


@pytest.mark.parametrize(
    "code", ["EXPIRED", "REVOKED", "UNKNOWN_DEVICE", "WRONG_ORG", "BAD_SIGNATURE", "INSECURE"]
)
def test_a_refused_device_keeps_everything_and_asks_rarely(code: str) -> None:
    """A refusal is shown, asked about again every five minutes, and ends when the hub relents."""
    book = greeting() >> failed("hello", code) << Arm("hello", REFUSED_WAIT_MS)
    book = book.reads("denied", code) >> woke(3) >> due("hello") << READ_STANDING
    book = book >> standing(3) << hello() >> hello_ok() << CHECK_CHAIN >> chain_checked()
    (book << read_outbox(0) << pull(b"@7")).done().reads("online")


def test_a_device_revoked_in_mid_flight_falls_silent() -> None:
    """A refusal on one lane ends the other; a person's wish asks the hub at once."""
    book = linked(1) >> outbox(1, b"a") << push(1, b"a") >> failed("pull", "REVOKED")
    book = book << Cancel("push") << Arm("hello", REFUSED_WAIT_MS)
    book = book.reads("denied", "REVOKED") >> asked("now") << Disarm("hello") << READ_STANDING
    book.done()


def test_a_forgotten_link_is_renewed_at_once() -> None:
    """UNKNOWN_LINK leads straight to HELLO; work goes on under the new link."""
    book = linked(1) >> outbox(1, b"a") << push(1, b"a") >> failed("push", "UNKNOWN_LINK")
    book = book << Cancel("pull") << READ_STANDING >> standing(1) << hello()
    book = book >> hello_ok(link=LINK2) << CHECK_CHAIN >> chain_checked() << read_outbox(0)
    book = book << pull(b"@7", link=LINK2) >> outbox(1, b"a") << push(1, b"a", link=LINK2)
    book.done().reads("online")


def test_a_hub_that_keeps_forgetting_is_given_time() -> None:
    """A second UNKNOWN_LINK, before the new link carried anything, waits; later ones longer."""
    book = linked() >> failed("pull", "UNKNOWN_LINK") << READ_STANDING
    for ceiling_ms in (1_000, 2_000):
        book = book >> standing() << hello() >> hello_ok() << CHECK_CHAIN >> chain_checked()
        book = book << pull(b"@7") >> failed("pull", "UNKNOWN_LINK")
        book = book << Arm("hello", ceiling_ms // 2)
        book = book.reads("offline", "UNKNOWN_LINK") >> due("hello") << READ_STANDING
    book = book >> standing() << hello() >> hello_ok() << CHECK_CHAIN >> chain_checked()
    book = book << pull(b"@7") >> pulled(end=flip(7, 7)) << pull(b"@7", wait=55_000)
    (book >> failed("pull", "UNKNOWN_LINK") << READ_STANDING).done()


def test_a_link_to_another_epoch_is_greeted_again() -> None:
    """A FLIP of another epoch is not installed: HELLO finds out what happened to the hub."""
    book = linked() >> pulled(end=flip(7, 8, epoch=EPOCH + 1)) << READ_STANDING
    book = book >> standing() << hello() >> hello_ok(epoch=EPOCH + 1)
    book.done().reads("epoch", "EPOCH")


def test_pause_in_mid_flight_is_silence_and_resume_a_hello() -> None:
    """Paused, requests are cut, answers are too late, timers are off; resume starts afresh."""
    book = linked(1) >> outbox(1, b"a") << push(1, b"a")
    answer = late(pushed(1), book)
    book = book >> asked("pause") << Cancel("push") << Cancel("pull")
    book = book.reads("paused") >> answer >> woke(2) >> asked("now") >> due("push")
    book = book >> asked("resume") << READ_STANDING >> standing(2) << hello()
    book = book >> hello_ok(processed=1) << CheckChain(ANY, 1, CHAIN) >> chain_checked()
    (book << read_outbox(1) << pull(b"@7")).done().reads("online")


def test_pause_ends_waits_too() -> None:
    """Pausing while backing off forgets the timer."""
    book = greeting() >> failed("hello", "BUSY") << Arm("hello", ANY)
    (book >> asked("pause") << Disarm("hello")).done().reads("paused")


def test_a_session_can_be_born_paused() -> None:
    """A pause before the start holds through it."""
    book = Book() >> asked("pause") >> started() >> woke(1)
    (book.reads("paused") >> asked("resume") << READ_STANDING).done()


def test_stop_cuts_what_runs() -> None:
    """Stopped, nothing new is begun, whatever happens."""
    book = linked(1) >> stopped() << Cancel("pull")
    book = book >> outbox(1, b"a") >> woke(2) >> asked("now") >> asked("resume") >> stopped()
    book.done().reads("stopped")


def test_a_person_does_not_wait_for_the_timer() -> None:
    """ "Sync now" ends every wait, and the next failure waits shortest again."""
    book = greeting() >> failed("hello", "TIMEOUT") << Arm("hello", FIRST_WAIT_MS)
    book = book >> asked("now") << Disarm("hello") << READ_STANDING >> standing(2) << hello()
    book = book >> asked("now") >> failed("hello", "TIMEOUT") << Arm("hello", FIRST_WAIT_MS)
    book.done()


def test_a_store_in_trouble_is_asked_again_later() -> None:
    """When the store itself fails, the session waits and says so."""
    book = Book() >> started() << READ_STANDING >> store_failed("hello", ReadStanding, "DISK_FULL")
    (book << Arm("hello", FIRST_WAIT_MS)).done().reads("offline", "DISK_FULL")


def test_an_answer_of_another_kind_is_a_broken_message() -> None:
    """A hub that answers HELLO with a schema is backed off from, not believed."""
    book = greeting() >> answered("hello", SchemaOk(1, b"")) << Arm("hello", FIRST_WAIT_MS)
    book.done().reads("offline", "BAD_FRAME")


def test_a_hub_of_another_protocol_is_not_talked_to() -> None:
    """HELLO_OK with a version we did not offer is BAD_VERSION; the outbox waits."""
    answer = HelloOk(2, EPOCH, 1, 0, CHAIN, LINK, 0, 0)
    book = greeting() >> answered("hello", answer) << Arm("hello", FIRST_WAIT_MS)
    book.done().reads("offline", "BAD_VERSION")


def test_a_clock_that_is_off_is_reported() -> None:
    """The hub's clock is compared at HELLO; only a skew worth telling is told."""
    for skew_ms, told_ms in (
        (CLOCK_SKEW_WARN_MS - 1, 0),
        (CLOCK_SKEW_WARN_MS, CLOCK_SKEW_WARN_MS),
        (-CLOCK_SKEW_WARN_MS, -CLOCK_SKEW_WARN_MS),
    ):
        book = greeting()
        now_ms = book.now_ms + 10_000
        answer = HelloOk(1, EPOCH, 1, 0, CHAIN, LINK, now_ms + skew_ms, 0)
        book = book >> answered("hello", answer) << CHECK_CHAIN
        assert book.status == Status("connecting", now_ms, None, told_ms)


def test_hello_has_the_line_to_itself() -> None:
    """While HELLO is under way neither lane sends, whatever wakes them."""
    book = greeting() >> woke(5) >> due("push") >> due("pull") >> asked("now") >> started()
    assert [send.frame_type for send in book.done().sent] == [FrameType.HELLO]
    assert isinstance(book.sent[0], Send)
    assert book.sent[0].timeout_ms == ANSWER_MS
