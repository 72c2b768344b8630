"""The push lane: in order, once decided, never dropped."""

from __future__ import annotations

from unittest.mock import ANY

from satchel.model.limits import BACKOFF_MS_MIN, PULL_WAIT_MS_MAX
from satchel.sync.effects import Arm, Cancel, CheckChain, Disarm, ReadOutbox
from tests.playbook.book import (
    CHAIN,
    READ_STANDING,
    READ_STANDING_FOR_PULL,
    Book,
    asked,
    at_head,
    chain_checked,
    due,
    failed,
    flip,
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
    store_failed,
    woke,
)

FIRST_WAIT_MS = BACKOFF_MS_MIN // 2
NEED = (b"q" * 8, 1, 4)


def sending() -> Book:
    """A session at the hub's head, with one changeset on the way up."""
    return at_head() >> woke(1) << read_outbox(0) >> outbox(1, b"a") << push(1, b"a")


def test_the_outbox_is_sent_in_order_until_it_is_empty() -> None:
    """Bundle follows bundle, each after the answer to the one before; then the lane rests."""
    book = linked(3) >> outbox(1, b"a", b"b") << push(1, b"a", b"b") >> pushed(2)
    book = book << read_outbox(2) >> outbox(3, b"c") << push(3, b"c") >> pushed(3)
    book.done().reads("online")


def test_a_write_goes_at_once_while_a_pull_waits_for_news() -> None:
    """The long poll does not hold up the outbox."""
    (sending() >> pushed(1)).done().reads("online")


def test_a_wake_in_mid_flight_is_not_lost() -> None:
    """What was written while a bundle was on the way is read when its answer is here."""
    book = sending() >> woke(2) >> woke(3) >> pushed(1) << read_outbox(1)
    (book >> outbox(2, b"b", b"c") << push(2, b"b", b"c")).done()


def test_a_wake_while_the_outbox_is_read_is_not_lost() -> None:
    """An outbox that was empty when it was read is read again if it was filled meanwhile."""
    book = at_head() >> woke(1) << read_outbox(0) >> woke(2) >> outbox(1) << read_outbox(1)
    (book >> outbox(2, b"b") << push(2, b"b")).done()


def test_an_old_wake_is_no_work() -> None:
    """A level that was reached before wakes nobody."""
    (sending() >> pushed(1) >> woke(1) >> woke(0)).done()


def test_what_a_flip_took_from_the_outbox_is_not_looked_for_for_ever() -> None:
    """An empty outbox ends the work, and a later wake begins it where it should."""
    book = at_head() >> woke(4) << read_outbox(0) >> outbox(1) >> woke(5) << read_outbox(4)
    (book >> outbox(5, b"e") << push(5, b"e") >> pushed(5)).done()


def test_a_lost_answer_brings_the_same_bytes_again() -> None:
    """Without an answer the outbox is read again from the last known point and sent as it is."""
    book = sending() >> failed("push", "HUB_UNREACHABLE") << Arm("push", FIRST_WAIT_MS)
    book = book.reads("offline", "HUB_UNREACHABLE") >> due("push") << read_outbox(0)
    book = book >> outbox(1, b"a") << push(1, b"a") >> pushed(1)
    book.done().reads("online")


def test_the_answer_after_the_timeout_changes_nothing() -> None:
    """A request that was given up is answered too late: the retry alone counts."""
    book = sending()
    answer = late(pushed(1), book)
    book = book >> failed("push", "TIMEOUT") << Arm("push", FIRST_WAIT_MS) >> answer
    (book >> due("push") << read_outbox(0)).done()


def test_needed_changesets_are_waited_for_with_patience() -> None:
    """NEED stops the lane at the entry, longer each time, and progress makes it quick again."""
    book = sending()
    for ceiling_ms in (500, 1_000, 2_000):
        book = book >> pushed(0, NEED) << Arm("push", ceiling_ms // 2)
        book = book.reads("online", "RETRY_LATER") >> due("push") << read_outbox(0)
        book = book >> outbox(1, b"a", b"b") << push(1, b"a", b"b")
    book = book >> pushed(1, NEED) << Arm("push", FIRST_WAIT_MS) >> due("push") << read_outbox(1)
    book = book >> outbox(2, b"b") << push(2, b"b") >> pushed(2)
    book.done().reads("online")


def test_a_hub_that_decides_nothing_is_not_pestered() -> None:
    """An answer without progress and without a reason is backed off from like NEED."""
    (sending() >> pushed(0) << Arm("push", FIRST_WAIT_MS)).done().reads("online", "RETRY_LATER")


def test_a_wake_does_not_cut_a_wait_short() -> None:
    """Writing on while the hub is busy does not make the device hurry."""
    book = sending() >> failed("push", "BUSY", 2_000) << Arm("push", 2_250) >> woke(2) >> woke(3)
    (book >> due("push") << read_outbox(0)).done()


def test_a_timer_rings_once() -> None:
    """A second ring of the same timer finds nobody waiting."""
    book = sending() >> failed("push", "BUSY") << Arm("push", ANY) >> due("push")
    (book << read_outbox(0) >> due("push")).done()


def test_an_unknown_error_drops_nothing() -> None:
    """A code of a later version is transient: the same entries go again."""
    book = sending() >> failed("push", "SOMETHING_NEW") << Arm("push", FIRST_WAIT_MS)
    (book >> due("push") << read_outbox(0) >> outbox(1, b"a") << push(1, b"a")).done()


def test_an_outbox_that_cannot_be_read_is_tried_again() -> None:
    """Trouble of our own disk is waited out."""
    book = at_head() >> woke(1) << read_outbox(0) >> store_failed("push", ReadOutbox, "DISK_FULL")
    book = book << Arm("push", FIRST_WAIT_MS)
    book = book.reads("online", "DISK_FULL") >> due("push") << read_outbox(0) >> outbox(1)
    book.done().reads("online")


def test_a_hub_that_decided_what_we_never_sent_is_greeted_again() -> None:
    """More decided than sent: another copy is at work, and HELLO compares chains."""
    book = sending() >> pushed(2) << Cancel("pull") << READ_STANDING >> standing(1) << hello()
    book = book >> hello_ok(processed=2) << CheckChain(ANY, 2, CHAIN) >> chain_checked(False)
    book.done().reads("fork", "FORK")


def test_a_hub_that_was_set_back_is_greeted_again() -> None:
    """Less decided than before: HELLO tells from where to go on."""
    book = linked(2) >> outbox(1, b"a") << push(1, b"a") >> pushed(1) << read_outbox(1)
    book = book >> outbox(2, b"b") << push(2, b"b") >> pushed(0) << Cancel("pull")
    (book << READ_STANDING).done()


def test_an_answered_push_ends_the_pulls_doubts_of_the_network() -> None:
    """When a push gets through, a pull that waits for the network to return tries at once."""
    book = sending() >> failed("pull", "HUB_UNREACHABLE") << Arm("pull", FIRST_WAIT_MS)
    book = book >> pushed(1) << Disarm("pull") << READ_STANDING_FOR_PULL
    (book >> standing(1, lane="pull") << pull(b"@7")).done().reads("online")


def test_an_answered_push_does_not_hasten_a_pull_the_hub_turned_away() -> None:
    """A hub that asked for time gets it, even though it answers another lane."""
    book = sending() >> failed("pull", "BUSY", 5_000) << Arm("pull", 5_250) >> pushed(1)
    book.done().reads("online", "BUSY")


def test_an_answered_pull_ends_the_pushs_doubts_of_the_network() -> None:
    """When a pull gets through, a push that waits for the network to return tries at once."""
    book = sending() >> failed("push", "HUB_UNREACHABLE") << Arm("push", FIRST_WAIT_MS)
    book = book >> pulled(end=flip(7, 7)) << pull(b"@7", wait=PULL_WAIT_MS_MAX)
    (book << Disarm("push") << read_outbox(0)).done()


def test_a_person_does_not_wait_for_the_push_timer() -> None:
    """ "Sync now" sends at once and resets the backoff."""
    book = linked(1) >> outbox(1, b"a") << push(1, b"a") >> failed("push", "BUSY")
    book = book << Arm("push", FIRST_WAIT_MS) >> asked("now") << Disarm("push") << read_outbox(0)
    book = book >> outbox(1, b"a") << push(1, b"a") >> failed("push", "BUSY")
    (book << Arm("push", FIRST_WAIT_MS)).done()
