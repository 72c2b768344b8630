"""The store: durability flags, permissions, growth of the map, copies."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import lmdb
import pytest

from satchel.model import limits
from satchel.model.errors import Clash, Trouble
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn

DBS = ("one", "two")
SMALL_MAP = 1 << 16


def put(key: bytes, value: bytes = b"v") -> Callable[[Txn], None]:
    return lambda txn: txn.put("one", key, value)


def get(key: bytes) -> Callable[[ReadTxn], bytes | None]:
    return lambda txn: txn.get("one", key)


# -- opening -----------------------------------------------------------------------------


def test_a_store_opened_as_the_daemon_does_is_fully_durable(store: Store) -> None:
    """Data and meta page are flushed at each commit, through write calls, under a lock."""
    flags = store.info()["flags"]
    durability = {"sync": True, "metasync": True, "writemap": False, "map_async": False}
    assert durability.items() <= flags.items()
    assert flags["lock"] is True
    assert flags["readonly"] is False


def test_an_unsynced_store_says_so(folder: Path) -> None:
    """The flags are LMDB's own, so a store opened without flushing cannot pass for another."""
    store = Store.open(folder / "store", DBS, sync=False)
    assert store.info()["flags"]["sync"] is False
    store.close()


def test_folder_and_files_are_private(folder: Path) -> None:
    """0700 and 0600, whatever they were before."""
    path = folder / "store"
    Store.open(path, DBS).close()
    path.chmod(0o755)
    (path / "data.mdb").chmod(0o644)
    store = Store.open(path, DBS)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert modes == {"data.mdb": 0o600, "lock.mdb": 0o600, "LOCK": 0o600}
    store.close()


def test_what_was_written_is_there_after_reopening(folder: Path) -> None:
    """A store is its files."""
    path = folder / "store"
    store = Store.open(path, DBS)
    store.write(put(b"k"))
    store.close()
    store = Store.open(path, DBS)
    assert store.read(get(b"k")) == b"v"
    store.close()


def test_a_store_larger_than_the_map_asked_for_opens(folder: Path) -> None:
    """The map starts at what is used, and grows on from there."""
    path = folder / "store"
    store = Store.open(path, DBS)
    store.write(put(b"k", b"x" * 500_000))
    store.close()
    store = Store.open(path, DBS, map_bytes=SMALL_MAP)
    store.write(put(b"l", b"y" * 500_000))
    assert store.read(get(b"k")) == b"x" * 500_000
    store.close()


def test_a_file_that_is_no_store_is_named_damaged(folder: Path) -> None:
    """STORE_DAMAGED names the folder, and the lock is given back."""
    path = folder / "store"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"not a store" * 1000)
    for _ in range(2):
        with pytest.raises(Trouble) as caught:
            Store.open(path, DBS)
        assert caught.value.code == "STORE_DAMAGED"
        assert str(path) in caught.value.message


def test_a_folder_that_cannot_be_made_is_trouble(folder: Path) -> None:
    """A file where the folder should be is told, not raised as it is."""
    (folder / "store").write_bytes(b"")
    with pytest.raises(Trouble) as caught:
        Store.open(folder / "store", DBS)
    assert caught.value.code == "STORE_DAMAGED"


def test_a_second_store_on_the_same_folder_is_refused(store: Store) -> None:
    """ALREADY_RUNNING names the pid of the holder, here this process."""
    with pytest.raises(Clash) as caught:
        Store.open(store.path, DBS)
    assert caught.value.code == "ALREADY_RUNNING"
    assert caught.value.details["pid"] == os.getpid()


# -- growth ---------------------------------------------------------------------------------


def test_the_map_grows_under_a_transaction_that_does_not_fit(store: Store) -> None:
    """Work is run again in a larger map until it fits, and each result counts once."""
    runs: list[int] = []

    def work(txn: Txn) -> int:
        runs.append(txn.writes)
        for number in range(1000):
            txn.append("one", b"%04d" % number, b"x" * 1000)
        return txn.writes

    assert store.write(work) == 1000
    assert len(runs) > 1
    assert set(runs) == {0}
    info = store.info()
    assert info["entries"] == {"one": 1000, "two": 0}
    assert info["map_bytes"] == SMALL_MAP << len(runs) - 1
    assert 1_000_000 < info["used_bytes"] <= info["map_bytes"]


@pytest.mark.parametrize("hidden_behind", [None, ValueError])
def test_the_map_grows_even_if_the_work_hid_the_error(
    store: Store, hidden_behind: type[Exception] | None
) -> None:
    """A batch that isolates its commands' errors cannot mistake a full map for one of them."""

    def work(txn: Txn) -> None:
        for number in range(1000):
            try:
                txn.append("one", b"%04d" % number, b"x" * 1000)
            except lmdb.Error as error:
                if hidden_behind is not None:
                    raise hidden_behind from error
                break

    store.write(work)
    assert store.read(lambda txn: txn.count("one")) == 1000


def test_growth_keeps_the_handles_and_what_was_there(store: Store) -> None:
    """Reads and writes go on in every database after the map was replaced."""
    store.write(put(b"before"))
    store.write(put(b"large", b"x" * 1_000_000))
    store.write(lambda txn: txn.put("two", b"after", b"v"))
    assert store.read(get(b"before")) == b"v"
    assert store.info()["entries"] == {"one": 2, "two": 1}


@pytest.mark.parametrize(
    ("bound", "value"), [("MAP_BYTES_MAX", 4 * SMALL_MAP), ("MAP_GROWTHS_PER_TRANSACTION", 2)]
)
def test_a_transaction_that_never_fits_ends_as_disk_full(
    store: Store, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    """Growth has a bound; beyond it the caller is told, and smaller work still passes."""
    monkeypatch.setattr(limits, bound, value)
    with pytest.raises(Trouble) as caught:
        store.write(put(b"k", b"x" * 1_000_000))
    assert caught.value.code == "DISK_FULL"
    assert store.info()["map_bytes"] == 4 * SMALL_MAP
    store.write(put(b"small"))
    assert store.read(get(b"small")) == b"v"


# -- copies ------------------------------------------------------------------------------------


def test_a_copy_opens_with_the_same_content_and_is_private(store: Store, folder: Path) -> None:
    """It holds what was committed, without the pages that had become free."""
    store.write(put(b"large", b"x" * 1_000_000))
    store.write(lambda txn: txn.delete("one", b"large"))
    store.write(put(b"k"))
    target = folder / "copies" / "copy"
    store.copy(target)
    store.write(put(b"later"))
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "data.mdb").stat().st_mode) == 0o600
    copied = Store.open(target, DBS)
    assert copied.read(lambda txn: [key for key, _ in txn.scan("one")]) == [b"k"]
    assert copied.info()["used_bytes"] < store.info()["used_bytes"] / 10
    copied.close()


def test_a_copy_never_overwrites(store: Store, folder: Path) -> None:
    """A folder that is there is refused."""
    with pytest.raises(FileExistsError):
        store.copy(folder)
