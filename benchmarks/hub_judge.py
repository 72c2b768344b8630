"""The hub's judge over pushed changesets, against decoding them and rewriting the rows.

In process, on copies of the hub's store with its durable defaults, 64 changesets to a
transaction on both sides.  The changesets are production's, written on a device.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import bars
from benchmarks.bench import Bench
from benchmarks.harness import Result, take_turns
from benchmarks.recording import Bare, Put, commit_seconds, open_bare, record_edits
from benchmarks.site import store_in
from satchel.engine import outbox
from satchel.engine.replica import Replica
from satchel.hub.desk import Desk
from satchel.hub.push import Bundle, push
from satchel.model.limits import BUNDLE_BYTES_MAX, HUB_BATCH_MAX
from satchel.model.outcome import ACCEPTED
from satchel.model.row import VALUES
from satchel.shell import clock
from satchel.shell.hub_home import close_desks, open_desks
from satchel.store import layout
from satchel.store.env import Store
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry
from tests.e2e.processes import layout_of

_FULL, _QUICK = 5_000, 1_000


def measure(bench: Bench) -> list[Result]:
    """``hub_judge_vs_rewrite``: the rewrite's time by the judge's."""
    count, before = bench.pick(_FULL, _QUICK), commit_seconds()
    site = bench.site
    with site.device_home() as device, site.hub_home() as judged, site.hub_home() as rewritten:
        record_edits(store_in(device), bench.rows, count)
        replica, bundles = _bundles(store_in(device))
        (desk,) = open_desks(layout_of(judged))
        (hub_store,) = Path(layout_of(rewritten).hub).glob("*/store")
        with open_bare(hub_store, [layout.ROW]) as bare:
            ours, theirs = iter(bundles), iter(bundles)
            taken = take_turns(
                {
                    "judge": lambda: _judge(desk, replica, next(ours)),
                    "rewrite": lambda: _rewrite(bare, next(theirs)),
                },
                len(bundles) - 1,
            )
        close_desks([desk])
    return [
        bars.result(
            "hub_judge_vs_rewrite",
            HUB_BATCH_MAX / taken.median("judge"),
            HUB_BATCH_MAX / taken.median("rewrite"),
            taken.ratio("rewrite", "judge"),
            void=bench.void_on_disk(before),
        )
    ]


def _bundles(store: Path) -> tuple[bytes, list[outbox.Bundle]]:
    """A device's whole outbox in bundles of 64, and its replica."""
    opened = Store.open(store, layout.DEVICE_DBS, sync=False)
    try:
        replica = opened.read(Replica.load).identity.replica
        return replica, list(_read_bundles(opened, replica))
    finally:
        opened.close()


def _read_bundles(store: Store, replica: bytes) -> Iterator[outbox.Bundle]:
    after = 0
    while True:
        read = partial(
            outbox.read_bundle,
            own=replica,
            after=after,
            entries_max=HUB_BATCH_MAX,
            bytes_max=BUNDLE_BYTES_MAX,
        )
        bundle = store.read(read)
        if len(bundle.entries) < HUB_BATCH_MAX:
            return
        yield bundle
        after = bundle.last


def _judge(desk: Desk, replica: bytes, sent: outbox.Bundle) -> float:
    bundle = Bundle(replica, sent.first, sent.prev_chain, sent.entries)
    now_ms = clock.now_ms()
    began = perf_counter()
    pushed = desk.write(lambda txn: push(txn, desk.office, bundle, now_ms))
    taken = perf_counter() - began
    assert [outcome.code for outcome in pushed.outcomes if outcome.code not in ACCEPTED] == []
    assert len(pushed.outcomes) == len(sent.entries)
    return taken


def _rewrite(bare: Bare, sent: outbox.Bundle) -> float:
    """Decode each changeset, and read, change and write the rows it names; nothing else."""
    began = perf_counter()
    with bare.begin() as txn:
        for body in sent.entries:
            for op in decode_entry(body).ops:
                key = layout.hub_row_key(op[1], op[2])
                raw = txn.get(layout.ROW, key)
                assert raw is not None
                row: list[Any] = unpack(raw)
                row[VALUES].update(op[3])
                txn.put(Put(layout.ROW, key, pack(row)))
    return perf_counter() - began
