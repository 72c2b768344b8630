"""The hub's memory does not follow the size of its store."""

from __future__ import annotations

from pathlib import Path

from satchel.hub.office import State, move_line
from satchel.model.feed import Line
from satchel.model.row import make_stamp, new_row
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.shell.hub_home import close_desks, open_desks
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack, unpack
from satchel.wire.frame import FrameType
from tests.devices import HandMadeDevice, read_frames
from tests.e2e.processes import HubProcess, init_hub, layout_of, temporary_home

FEW, MANY = 2_000, 200_000
ADDRESS = {
    "name": "Adventure Works", "telephone1": "+49 30 901820", "websiteurl": "https://example.com",
    "address1_line1": "Unter den Linden 1", "address1_city": "Berlin", "description": "x" * 120,
}  # fmt: skip


def fill(home: Path, count: int) -> None:
    """Put rows into the hub's store as pushes would have left them, but in one transaction."""
    catalog = Catalog(standard_document())
    table = catalog.table("account")
    values = dict(sorted(create_values(catalog, table, ADDRESS, None).items()))

    def write(txn: Txn) -> None:
        state = State.read(txn)
        for number in range(count):
            seq = state.head + 1 + number
            row = new_row(make_stamp(seq << 16, 0, 1, seq), values)
            key = layout.hub_row_key(table.number, number.to_bytes(16, "big"))
            txn.put(layout.ROW, key, pack(row))
            move_line(txn, Line.ROW, key, 0, seq)
        state._replace(head=state.head + count).write(txn)

    (desk,) = open_desks(layout_of(home))
    try:
        desk.store.write(write)
    finally:
        close_desks([desk])


def download(hub: HubProcess) -> tuple[int, int]:
    """Pull everything as a new device does.

    Returns how many entries came, and the most private memory the hub had meanwhile.
    """
    device = HandMadeDevice()
    device.join(hub.invite(), hub.post)
    device.greet(hub.post)
    cursor, entries, most = None, 0, 0
    while True:
        frames = read_frames(hub.post(*device.pull(cursor)))
        most = max(most, hub.private_bytes())
        pages = [unpack(frame.payload) for frame in frames if frame.type is FrameType.PAGE]
        entries += sum(len(page["entries"]) for page in pages)
        if frames[-1].type is FrameType.FLIP:
            return entries, most
        cursor = unpack(frames[-1].payload)["cursor"]


def test_serving_200_000_rows_takes_hardly_more_memory_than_2_000() -> None:
    """A first download, at its highest, within half again as much private memory."""
    most = {}
    for count in (FEW, MANY):
        with temporary_home() as home:
            init_hub(home, "Contoso")
            fill(home, count)
            with HubProcess(home) as hub:
                entries, most[count] = download(hub)
                assert entries >= count
    assert most[MANY] <= 1.5 * most[FEW], most
