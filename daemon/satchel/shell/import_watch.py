"""``hub.import`` as a watch: an event after each batch, at last the report.

Between two batches devices and other orders get their turn.  What a batch has done stands
when the administrator goes away in the middle: importing again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from satchel.hub.desk import Desk
from satchel.hub.import_report import Report
from satchel.hub.importing import Outside, run_import
from satchel.shell.handlers import WatchEnd
from satchel.shell.import_files import CsvFolder, read_map
from satchel.shell.store_thread import StoreThread


def begin_import(desk: Desk, arguments: dict[str, Any], outside: Outside) -> Iterator[Report]:
    """The reports of one ``hub.import``; nothing happens before the first is asked for.

    ``arguments``: checked, with ``map`` and ``dir`` as paths.  Raises as
    :func:`satchel.hub.importing.run_import` does.
    """
    folder = CsvFolder(Path(arguments["dir"]))
    yield from run_import(desk, read_map(Path(arguments["map"])), folder, outside)


class ImportWatch:
    """The :class:`satchel.shell.handlers.Watch` of one import on a running hub."""

    def __init__(
        self, thread: StoreThread, reports: Iterator[Report], wrote: Callable[[], None]
    ) -> None:
        """``wrote`` is called after each batch: devices may have something to pull."""
        self._thread = thread
        self._reports = reports
        self._wrote = wrote

    async def next(self) -> dict[str, Any]:
        """Do one batch on the stores' thread, and tell how far it is."""
        report = await self._thread.run(lambda: next(self._reports))
        self._wrote()
        if report.finished:
            raise WatchEnd(report.to_wire())
        return {"done": report.done, "total": report.total}
