"""The rows that are measured are the ones that the table speaks of."""

from __future__ import annotations

from random import Random

from benchmarks import records
from benchmarks.recording import Put, open_bare, record_edits
from satchel.model.ids import parse_id
from tests.replicas import Device, new_world


def test_an_account_has_forty_columns() -> None:
    """Given ones, and the three that every account comes with."""
    with new_world() as world:
        owner = (world.hub.catalog.number_of("systemuser"), b"system user  16b")
        ((op,),) = records.creates(world.hub.catalog, owner, 1, 1)
        assert len(op[3]) == 40
        assert list(op[3]) == sorted(op[3])


def test_ids_ascend_and_read_as_apps_write_them() -> None:
    """As those of rows that are created one after the other do."""
    ids = [records.row_id(number) for number in (0, 1, 255, 256, 10**6)]
    assert ids == sorted(ids)
    assert parse_id(records.row_name(7)) == records.row_id(7)


def test_an_edit_is_of_two_columns_of_the_account() -> None:
    """And never the same twice in a row."""
    chance = Random(1)
    first, second = records.edit(chance), records.edit(chance)
    assert first.keys() == second.keys() <= records.account(1).keys()
    assert len(first) == 2
    assert first != second


def test_recorded_puts_are_all_that_a_change_writes() -> None:
    """Made without the engine, they leave the same store behind."""
    with new_world() as world:
        device = world.join()
        owner = (world.hub.catalog.number_of("systemuser"), b"system user  16b")
        world.hub.write(*next(records.creates(world.hub.catalog, owner, 3, 3)))
        device.pull()
        before = device.dump()
        device.store.close()
        recorded = record_edits(device.path, 3, 4)
        device.reopen()
        assert len(recorded) == 4
        assert _made(before, [put for edit in recorded for put in edit]) == device.dump()
        _check_bare(device, recorded[0])


def _made(store: dict[str, dict[bytes, bytes]], puts: list[Put]) -> dict[str, dict[bytes, bytes]]:
    after = {db: dict(pairs) for db, pairs in store.items()}
    for db, key, value in puts:
        if value is None:
            after[db].pop(key, None)
        else:
            after[db][key] = value
    return {db: dict(sorted(pairs.items())) for db, pairs in after.items()}


def _check_bare(device: Device, puts: list[Put]) -> None:
    """LMDB without us holds what was put into it, and forgets what was deleted."""
    dbs = sorted({put.db for put in puts})
    with open_bare(device.path.with_name("bare"), dbs) as bare:
        bare.commit(puts)
        with bare.begin() as txn:
            assert {put.key: txn.get(put.db, put.key) for put in puts} == {
                put.key: put.value for put in puts
            }
        gone = puts[0]._replace(value=None)
        bare.commit([gone])
        with bare.begin() as txn:
            assert txn.get(gone.db, gone.key) is None
