"""The pull lane: staged, flipped, resumed from the store, never in a circle."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from satchel.model.limits import BACKOFF_MS_MIN, PULL_BYTES_DEFAULT, PULL_BYTES_MAX
from satchel.sync.answers import Flip, More
from satchel.sync.effects import (
    Arm,
    BuildStep,
    Cancel,
    CheckChain,
    Disarm,
    InstallFlip,
    SaveSchema,
    Send,
    StagePage,
)
from satchel.wire.frame import FrameType
from tests.playbook.book import (
    CHAIN,
    LONG_MS,
    READ_STANDING,
    READ_STANDING_FOR_PULL,
    Book,
    asked,
    at_head,
    chain_checked,
    due,
    failed,
    fetch,
    flip,
    flipped,
    hello,
    hello_ok,
    linked,
    page,
    pull,
    pulled,
    schema_ok,
    stage,
    staged,
    standing,
    started,
    store_failed,
)

FIRST_WAIT_MS = BACKOFF_MS_MIN // 2


def install(end: Flip) -> InstallFlip:
    return InstallFlip(ANY, end)


def test_pages_are_staged_and_flipped() -> None:
    """A pass that fits one response is staged, installed, and followed by a wait for news."""
    book = linked() >> pulled(page("x", "y"), page("z"), end=flip(7, 9)) << stage("x", "y")
    book = book >> staged() << stage("z") >> staged() << install(flip(7, 9))
    (book >> flipped() << pull(b"@9", wait=LONG_MS)).done().reads("online")


def test_a_flip_waits_until_all_is_staged() -> None:
    """FLIP is not given to the store before every page of its pass is durable."""
    book = linked() >> pulled(page("x")) << stage("x") >> pulled(page("y"), end=flip(7, 9))
    (book >> staged() << stage("y")).done()


def test_pages_are_staged_as_they_come() -> None:
    """An answer in pieces is staged piece by piece; its end is awaited."""
    book = linked() >> pulled(page("x")) << stage("x") >> staged() >> pulled(page("y"))
    book = book << stage("y") >> pulled(end=flip(7, 9)) >> staged() << install(flip(7, 9))
    book.done()


def test_a_page_that_failed_is_followed_by_none() -> None:
    """Pages go to the store one by one, so that no cursor claims a page that is missing."""
    book = linked() >> pulled(page("x"), page("y"), end=More(b"@7+2", 20)) << stage("x")
    book = book >> store_failed("pull", StagePage, "DISK_FULL") << Arm("pull", FIRST_WAIT_MS)
    (book >> due("pull") << READ_STANDING_FOR_PULL >> standing(lane="pull") << pull(b"@7")).done()


def test_a_full_response_is_followed_at_once() -> None:
    """MORE is staged with the last page, and the next PULL goes on from there, unwaiting."""
    book = linked() >> pulled(page("x"), page("y"), end=More(b"@7+2", 20)) << stage("x")
    book = book >> staged() << stage("y", cursor=b"@7+2") >> staged() << pull(b"@7+2")
    book = book >> pulled(end=flip(7, 9)) << install(flip(7, 9)) >> flipped()
    (book << pull(b"@9", wait=LONG_MS)).done()


def test_a_cursor_alone_is_staged_too() -> None:
    """MORE without a page is still remembered by the store."""
    book = linked() >> pulled(page("x")) << stage("x") >> staged() >> pulled(end=More(b"@7+1", 20))
    (book << stage(cursor=b"@7+1") >> staged() << pull(b"@7+1")).done()


def test_a_page_with_a_cursor_is_staged_with_it() -> None:
    """A hub that says where each page ends lets a cut pull repeat less than one page."""
    book = linked() >> pulled(page("x", cursor=b"@7+1")) << stage("x", cursor=b"@7+1")
    book.done()


def test_a_cut_pull_goes_on_from_what_is_staged() -> None:
    """After a cut the store says how far it has come, and the pull goes on from there."""
    book = linked() >> pulled(page("x"), end=More(b"@7+1", 20)) << stage("x", cursor=b"@7+1")
    book = book >> staged() << pull(b"@7+1") >> pulled(page("y")) << stage("y") >> staged()
    book = book >> failed("pull", "HUB_UNREACHABLE") << Arm("pull", FIRST_WAIT_MS)
    book = book.reads("offline", "HUB_UNREACHABLE") >> due("pull") << READ_STANDING_FOR_PULL
    book = book >> standing(cursor=b"@7+1", lane="pull") << pull(b"@7+1")
    (book >> pulled(end=flip(7, 9)) << install(flip(7, 9))).done().reads("online")


def test_a_cut_poll_is_proved_before_it_waits_again() -> None:
    """After a failure the next PULL does not wait, so that people soon know where they are."""
    book = at_head() >> failed("pull", "TIMEOUT") << Arm("pull", FIRST_WAIT_MS) >> due("pull")
    book = book << READ_STANDING_FOR_PULL >> standing(lane="pull") << pull(b"@7")
    (book >> pulled(end=flip(7, 7)) << pull(b"@7", wait=LONG_MS)).done().reads("online")


def test_backoff_grows_and_a_success_resets_it() -> None:
    """Failures in a row wait longer and longer; one good answer and the wait is short again."""
    book = linked()
    for ceiling_ms in (500, 1_000, 2_000):
        book = book >> failed("pull", "HUB_UNREACHABLE") << Arm("pull", ceiling_ms // 2)
        book = book >> due("pull") << READ_STANDING_FOR_PULL >> standing(lane="pull")
        book = book << pull(b"@7")
    book = book >> pulled(end=flip(7, 7)) << pull(b"@7", wait=LONG_MS)
    (book >> failed("pull", "HUB_UNREACHABLE") << Arm("pull", FIRST_WAIT_MS)).done()


def test_a_poll_without_news_costs_the_store_nothing() -> None:
    """A FLIP to where the store stands is not installed; the next poll follows."""
    book = at_head() >> pulled(end=flip(7, 7)) << pull(b"@7", wait=LONG_MS)
    book.done().reads("online")


def test_a_flip_that_brings_only_a_backup_horizon_is_installed() -> None:
    """``safe_seq`` is news even where S stays."""
    end = flip(7, 7)._replace(safe_seq=5)
    (at_head() >> pulled(end=end) << install(end)).done()


def test_polls_that_end_at_once_do_not_become_a_busy_loop() -> None:
    """A hub that answers "nothing" immediately is left in peace, longer and longer."""
    book = at_head()
    for ceiling_ms in (500, 1_000, 2_000):
        book.now_ms -= 10_000  # no time passes before the answer
        book = book >> pulled(end=flip(7, 7)) << Arm("pull", ceiling_ms // 2)
        book = book.reads("online") >> due("pull") << READ_STANDING_FOR_PULL
        book = book >> standing(lane="pull") << pull(b"@7", wait=LONG_MS)
    book.done()


def test_the_schema_is_fetched_before_the_flip_that_needs_it() -> None:
    """A FLIP that names a newer schema waits until the store has it."""
    book = linked() >> pulled(page("x"), end=flip(7, 9, schema=2)) << stage("x") >> staged()
    book = book << fetch(2) >> schema_ok(2) << SaveSchema(2, b"document")
    book = book << install(flip(7, 9, schema=2)) >> flipped() << pull(b"@9", wait=LONG_MS)
    book.done()


def test_a_schema_named_by_hello_is_fetched_before_the_first_pull() -> None:
    """HELLO_OK names a newer schema: it comes first."""
    book = Book() >> started() << READ_STANDING >> standing() << hello() >> hello_ok(schema=4)
    book = book << CheckChain(ANY, 0, CHAIN) >> chain_checked() << fetch(4)
    (book >> schema_ok(4) << SaveSchema(4, b"document") << pull(b"@7")).done()


def test_the_store_may_ask_for_a_schema() -> None:
    """ "needs_schema:N" fetches it and then tries the same FLIP again."""
    book = linked() >> pulled(end=flip(7, 9)) << install(flip(7, 9)) >> flipped("needs_schema:3")
    book = book << fetch(3) >> schema_ok(3) << SaveSchema(3, b"document")
    (book << install(flip(7, 9)) >> flipped() << pull(b"@9", wait=LONG_MS)).done()


def test_a_schema_that_does_not_help_is_no_endless_loop() -> None:
    """A store that still lacks the schema just saved is asked again, later and from the start."""
    book = linked() >> pulled(end=flip(7, 9)) << install(flip(7, 9)) >> flipped("needs_schema:3")
    book = book << fetch(3) >> schema_ok(3) << SaveSchema(3, b"document")
    book = book << install(flip(7, 9)) >> flipped("needs_schema:3") << Arm("pull", FIRST_WAIT_MS)
    book = book >> due("pull") << READ_STANDING_FOR_PULL >> standing(schema=1, lane="pull")
    (book << fetch(3)).done()


def test_a_hub_that_lacks_the_schema_it_names_is_given_time() -> None:
    """An older document than asked for is kept, and the rest asked for later."""
    book = linked() >> pulled(end=flip(7, 9, schema=3)) << fetch(3) >> schema_ok(2)
    book = book << SaveSchema(2, b"document") << Arm("pull", FIRST_WAIT_MS)
    book.done().reads("online", "RETRY_LATER")


def test_a_large_flip_is_built_step_by_step() -> None:
    """ "building" asks for steps until the new generation is in."""
    end = flip(7, 9)
    book = linked() >> pulled(end=end) << install(end) >> flipped("building")
    book = book << BuildStep(ANY, end) >> flipped("building") << BuildStep(ANY, end)
    (book >> flipped() << pull(b"@9", wait=LONG_MS)).done()


def test_an_ignored_flip_starts_again_from_the_store() -> None:
    """A FLIP from where the store does not stand is dropped, and its true cursor pulled."""
    book = linked() >> pulled(end=flip(6, 9)) << install(flip(6, 9)) >> flipped("ignored")
    book = book << Arm("pull", FIRST_WAIT_MS) >> due("pull") << READ_STANDING_FOR_PULL
    book = book >> standing(s=8, cursor=b"@8", lane="pull") << pull(b"@8")
    (book >> pulled(page("x"), end=flip(8, 9)) << stage("x", from_s=8)).done()


def test_ignored_flips_in_a_row_are_not_a_busy_loop() -> None:
    """The wait after an ignored FLIP grows although the hub answers."""
    book = linked()
    for ceiling_ms in (500, 1_000, 2_000):
        book = book >> pulled(end=flip(6, 9)) << install(flip(6, 9)) >> flipped("ignored")
        book = book << Arm("pull", ceiling_ms // 2) >> due("pull") << READ_STANDING_FOR_PULL
        book = book >> standing(lane="pull") << pull(b"@7")
    book.done()


def test_a_hub_that_sends_in_a_circle_is_backed_off_from() -> None:
    """MORE without entries and without a new cursor is a broken answer."""
    book = linked() >> pulled(end=More(b"@7", 20)) << Arm("pull", FIRST_WAIT_MS)
    book.done().reads("online", "BAD_FRAME")


def test_a_full_disk_cuts_the_pull_that_feeds_it() -> None:
    """When a page cannot be staged, the response is not read on."""
    book = (
        linked() >> pulled(page("x")) << stage("x") >> store_failed("pull", StagePage, "DISK_FULL")
    )
    book = book << Cancel("pull") << Arm("pull", FIRST_WAIT_MS)
    book.done().reads("online", "DISK_FULL")


def test_a_flip_that_cannot_be_written_is_pulled_again() -> None:
    """When FLIP fails on the disk, nothing is remembered: the store says where to go on."""
    book = linked() >> pulled(end=flip(7, 9)) << install(flip(7, 9))
    book = book >> store_failed("pull", InstallFlip, "DISK_FULL") << Arm("pull", FIRST_WAIT_MS)
    book = book >> due("pull") << READ_STANDING_FOR_PULL >> standing(lane="pull") << pull(b"@7")
    book.done().reads("online", "DISK_FULL")


def test_what_is_staged_late_for_an_older_pull_does_not_count() -> None:
    """Staged of a pull that was given up does not release the FLIP of the next one."""
    book = linked() >> pulled(page("x")) << stage("x")
    old = staged()(book)
    book = book >> failed("pull", "TIMEOUT") << Arm("pull", ANY) >> due("pull")
    book = book << READ_STANDING_FOR_PULL >> standing(lane="pull") << pull(b"@7")
    book = book >> pulled(page("x"), end=flip(7, 9)) << stage("x") >> (lambda _book: old)
    book = book.done() >> staged() << install(flip(7, 9))
    book.done()


def test_a_person_gets_an_answer_from_the_hub_now() -> None:
    """ "Sync now" does not trust a poll that may hang on a dead connection."""
    book = at_head() >> asked("now") << Cancel("pull") << pull(b"@7")
    (book >> asked("now")).done()


def test_a_person_does_not_wait_for_the_pull_timer() -> None:
    """ "Sync now" ends the pull's wait too."""
    book = linked() >> failed("pull", "BUSY") << Arm("pull", ANY) >> asked("now")
    (book << Disarm("pull") << READ_STANDING_FOR_PULL).done()


@pytest.mark.parametrize(
    ("passes", "asks"),
    [
        ([3, 2, 1], [1, 1, 1]),  # passes shrink: the same again
        ([3, 3, 3, 1], [1, 2, 4, 4]),  # they do not: a response grows until one closes
        ([1] * 7, [1, 2, 4, 8, 16, 32, 32]),  # up to the most there is
    ],
)
def test_a_response_grows_when_passes_do_not_shrink(passes: list[int], asks: list[int]) -> None:
    """Under constant writing the allowance doubles until a pass fits one response."""
    book = linked() >> pulled(end=More(b"first", 100)) << stage(cursor=b"first") >> staged()
    book = book << pull(b"first")
    for number, (entries, ask) in enumerate(zip(passes, asks, strict=True), 1):
        cursor = b"%d" % number
        book = book >> pulled(page(*"x" * entries), end=More(cursor, 100 + number))
        book = book << stage(*"x" * entries, cursor=cursor) >> staged()
        book = book << pull(cursor, bytes_max=min(ask * PULL_BYTES_DEFAULT, PULL_BYTES_MAX))
    book = book >> pulled(end=flip(7, 99)) << install(flip(7, 99)) >> flipped()
    (book << pull(b"@99", wait=LONG_MS)).done()


def test_one_long_pass_does_not_grow_the_response() -> None:
    """However many responses a first download takes, each asks the hub for the same."""
    book = linked()
    for number in range(40):
        cursor = b"+%d" % number
        book = book >> pulled(page("x"), end=More(cursor, 100)) << stage("x", cursor=cursor)
        book = book >> staged() << pull(cursor)
    sizes = {send.payload["max"] for send in book.sent if send.frame_type is FrameType.PULL}
    assert sizes == {PULL_BYTES_DEFAULT}
    assert isinstance(book.sent[-1], Send)
