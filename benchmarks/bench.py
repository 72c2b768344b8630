"""What one run of the benchmarks shares: its sizes, and the sites that are made for it once."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from benchmarks.recording import commit_seconds
from benchmarks.site import Site

FULL_ROWS: Final = 50_000
QUICK_ROWS: Final = 5_000
_SLOW_S: Final = 0.002


class Bench:
    """Use as ``with Bench(quick) as bench``: what was made is gone afterwards."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stack.close()

    def pick(self, full: int, quick: int) -> int:
        """A size, or a number of rounds."""
        return quick if self.quick else full

    @property
    def void(self) -> str | None:
        """Why the work of this run proves nothing, where it is less than the bars speak of."""
        return "smaller" if self.quick else None

    def void_on_disk(self, *commits_s: float) -> str | None:
        """The same for work that waits for the disk: where a flush takes milliseconds, all
        durable work takes the same and every ratio is near 1 (budget.md).

        ``commits_s``: what a bare commit took while the work was done; it is asked again now.
        """
        slow = max(*commits_s, commit_seconds()) > _SLOW_S
        return self.void or ("slow disk" if slow else None)

    @property
    def rows(self) -> int:
        """Accounts in the stores of :attr:`site`."""
        return self.pick(FULL_ROWS, QUICK_ROWS)

    @cached_property
    def site(self) -> Site:
        """An office and a laptop with :attr:`rows` accounts."""
        return Site(self.stack, self.rows)
