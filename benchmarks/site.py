"""An office and a laptop to measure on: real processes, default settings, a filled store.

Everything is made once for a run and copied for each benchmark, so that none leaves its
traces in the next one's store.  The laptop is away from its hub (its sync is paused), as
it is in the field; a benchmark that wants the hub resumes it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import satchel
from benchmarks import records
from satchel.hub.author import write_changes
from satchel.hub.desk import Desk
from satchel.hub.office import State, read_origin
from satchel.model.limits import CHANGESET_OPS_MAX
from satchel.model.outcome import ACCEPTED
from satchel.shell.hub_home import close_desks, open_desks
from satchel.wire.entry import SALT_BYTES
from tests.e2e.processes import HubProcess, Process, init_hub, layout_of, temporary_home

ORG: Final = "Contoso"
PATIENCE_S: Final = 600.0
_NOW_MS: Final = 1_700_000_000_000


class Laptop(NamedTuple):
    """A running daemon and its home."""

    home: Path
    process: Process


class Site:
    """One hub and the laptops of some people, all with ``rows`` accounts.

    Homes last as long as ``stack``; processes as long as the block that asked for them.
    """

    def __init__(self, stack: ExitStack, rows: int, people: int = 1) -> None:
        self.rows = rows
        self._hub_home = stack.enter_context(temporary_home())
        self._homes = [stack.enter_context(temporary_home()) for _ in range(people)]
        init_hub(self._hub_home, ORG)
        (desk,) = open_desks(layout_of(self._hub_home))
        fill(desk, rows)
        close_desks([desk])
        with HubProcess(self._hub_home) as hub:
            self._listen = hub.url.removeprefix("http://")
            for number, home in enumerate(self._homes):
                with _running(home):
                    _download(home, hub, f"Person {number}")
            hub.terminate()

    @contextmanager
    def laptop(self, person: int = 0) -> Iterator[Laptop]:
        """A daemon on a copy of somebody's home, paused."""
        with self.device_home(person) as home, _running(home) as process:
            yield Laptop(home, process)

    @contextmanager
    def hub(self) -> Iterator[HubProcess]:
        """The hub on a copy of its home, at the address that the laptops know."""
        with self.hub_home() as home, HubProcess(home, listen=self._listen) as hub:
            yield hub

    @contextmanager
    def device_home(self, person: int = 0) -> Iterator[Path]:
        """A copy of a laptop's home; nothing runs in it."""
        with _copy(self._homes[person]) as home:
            yield home

    @contextmanager
    def hub_home(self) -> Iterator[Path]:
        """A copy of the hub's home; nothing runs in it."""
        with _copy(self._hub_home) as home:
            yield home


def fill(desk: Desk, count: int) -> None:
    """Have the hub write so many accounts, each judged like anybody's work."""
    catalog = desk.store.read(lambda txn: desk.office.schema(txn, State.read(txn).schema)[0])
    origin = desk.store.read(lambda txn: read_origin(txn, desk.office.setup.replica))
    assert origin is not None
    owner = (catalog.number_of("systemuser"), origin.user)
    for ops in records.creates(catalog, owner, count, CHANGESET_OPS_MAX):
        _write(desk, ops)


def store_in(home: Path) -> Path:
    """The folder of the one device store in a home."""
    (path,) = Path(layout_of(home).data).glob("*/*/store")
    return path


def _write(desk: Desk, ops: list[list[object]]) -> None:
    (outcome,) = desk.write(
        lambda txn: write_changes(txn, desk.office, [ops], _NOW_MS, bytes(SALT_BYTES))
    )
    assert outcome.code in ACCEPTED, outcome


def _download(home: Path, hub: HubProcess, person: str) -> None:
    with satchel.connect(str(home)) as client:
        client.join(hub.url, hub.invite(person))
        client.sync("wait", timeout=PATIENCE_S)
        client.sync("pause")


@contextmanager
def _running(home: Path) -> Iterator[Process]:
    with Process(home, "run") as process:
        process.wait_for_socket(process.layout.socket)
        yield process
        assert process.terminate() == 0, process.errors()


@contextmanager
def _copy(home: Path) -> Iterator[Path]:
    with temporary_home() as copy:
        shutil.copytree(home, copy, dirs_exist_ok=True)
        yield copy
