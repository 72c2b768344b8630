"""A bar that moves while something long goes on: on a terminal, on stderr, else nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int, int | None], None]
"""Takes what is done and what there is in all (None: nobody knows)."""


@contextmanager
def progress(what: str, unit: str, *, wanted: bool = True) -> Iterator[Tell]:
    """Show a bar for ``what`` counted in ``unit`` while the block runs.

    Gives the function that moves it.  ``wanted``: False where the answer is for a program.
    """
    if not wanted or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    # Half as heavy as the whole command, and seldom needed.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn(f"{{task.completed:,}}{{task.fields[of]}} {unit}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None, of="")

        def tell(done: int, total: int | None) -> None:
            of = "" if total is None else f" of {total:,}"
            bar.update(task, completed=done, total=total, of=of)

        yield tell
