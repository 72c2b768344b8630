"""The law of the sync machines: whatever fails, in the end all is pushed and pulled.

Each planted fault breaks one rule of the machines; the same law must find it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.sync import session
from satchel.sync.answers import More, Pulled, Pushed
from satchel.sync.backoff import Verdict
from satchel.sync.effects import Effect
from satchel.sync.events import Answered, StandingRead
from satchel.sync.lane import Lane
from satchel.sync.puller import Puller
from satchel.sync.pusher import Pusher
from tests.laws.sync_world import ACTIONS, Action, World

RUNS = 300
RUN_LENGTH = 120


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 7)), max_size=100))
def test_any_interleaving_of_failures_ends_with_everything_pushed_and_pulled(
    actions: list[tuple[Action, int]],
) -> None:
    """No order of losses, late answers, wakes, pauses and store faults leaves work undone, puts
    two requests on a lane, or lets anything out before chains were compared."""
    World().run(actions)


def first_failure() -> int | None:
    """The first seeded run that breaks the law, if any of ``RUNS`` does."""
    for seed in range(RUNS):
        chance = Random(seed)
        try:
            World().run((chance.choice(ACTIONS), chance.randrange(8)) for _ in range(RUN_LENGTH))
        except (AssertionError, KeyError):
            return seed
    return None


def test_long_runs_keep_the_law() -> None:
    """The runs on which the planted faults below are found are clean without them."""
    assert first_failure() is None


Plant = Callable[[pytest.MonkeyPatch], None]


def believe_late_answers(patch: pytest.MonkeyPatch) -> None:
    """An event is taken for the answer whatever its number."""
    patch.setattr(Lane, "waits_for", lambda self, _request: self.awaits is not None)


def let_requests_run(patch: pytest.MonkeyPatch) -> None:
    """A request that is given up is not cancelled."""

    def clear(self: Lane) -> list[Effect]:
        self.drop()
        return []

    patch.setattr(Lane, "clear", clear)


def sleep_through_wakes(patch: pytest.MonkeyPatch) -> None:
    """A wake in mid-flight is treated as a pulse, and missed."""
    wake = Pusher.wake

    def deaf(self: Pusher, head_ctr: int) -> list[Effect]:
        return [] if self.lane.awaits is not None else wake(self, head_ctr)

    patch.setattr(Pusher, "wake", deaf)


def skip_what_is_needed(patch: pytest.MonkeyPatch) -> None:
    """An entry for which the hub answers NEED is taken as done."""
    pushed = Pusher.pushed

    def skip(self: Pusher, event: Answered, answer: Pushed) -> list[Effect]:
        skipped = answer.processed + len(answer.need)
        return pushed(self, event, answer._replace(processed=skipped, need=()))

    patch.setattr(Pusher, "pushed", skip)


def trust_memory(patch: pytest.MonkeyPatch) -> None:
    """After a failure the pull goes on from the last cursor heard, staged or not."""
    pulled, standing_read = Puller.pulled, Puller.standing_read
    heard: dict[Puller, bytes] = {}

    def hear(self: Puller, event: Answered, answer: Pulled) -> list[Effect]:
        if isinstance(answer.end, More):
            heard[self] = answer.end.cursor
        return pulled(self, event, answer)

    def remember(self: Puller, event: StandingRead) -> list[Effect]:
        cursor = heard.get(self, event.standing.cursor)
        standing = event.standing._replace(cursor=cursor)
        return standing_read(self, event._replace(standing=standing))

    patch.setattr(Puller, "pulled", hear)
    patch.setattr(Puller, "standing_read", remember)


def wait_for_a_forgotten_link(patch: pytest.MonkeyPatch) -> None:
    """A link the hub has forgotten is retried instead of renewed."""
    patch.setattr(session, "judge", lambda _code: Verdict.WAIT)


@pytest.mark.parametrize(
    "plant",
    [
        believe_late_answers,
        let_requests_run,
        sleep_through_wakes,
        skip_what_is_needed,
        trust_memory,
        wait_for_a_forgotten_link,
    ],
)
def test_the_law_finds_planted_faults(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each planted fault breaks the law on some run."""
    plant(monkeypatch)
    assert first_failure() is not None
