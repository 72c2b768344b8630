"""What the store in memory has beside the contract of all stores."""

from __future__ import annotations

import pytest

from satchel.store.memory import MemoryStore
from satchel.store.txn import Txn


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(("one", "two"))
    made.write(lambda txn: txn.put("one", b"k", b"v"))
    return made


def test_a_copy_goes_its_own_way(store: MemoryStore) -> None:
    """What is written to a copy or to its original afterwards is not in the other."""
    copy = store.copy()
    store.write(lambda txn: txn.delete("one", b"k"))
    copy.write(lambda txn: txn.put("two", b"l", b"w"))
    assert store.info()["entries"] == {"one": 0, "two": 0}
    assert copy.info() == {"entries": {"one": 1, "two": 1}, "used_bytes": 4}


def test_what_is_committed_is_there_again(store: MemoryStore) -> None:
    """A store opened again holds what was committed, and the old handle is dead."""
    again = store.reopen()
    assert again.read(lambda txn: txn.get("one", b"k")) == b"v"
    with pytest.raises(AssertionError, match="closed"):
        store.read(lambda txn: txn.get("one", b"k"))


def test_a_scan_over_what_is_being_written_is_a_bug(store: MemoryStore) -> None:
    """Writing the database under a scan is reported where the scan goes on."""

    def work(txn: Txn) -> None:
        for key, value in txn.scan("one"):
            txn.put("one", key + b"1", value)

    store.write(lambda txn: txn.put("one", b"l", b"w"))
    with pytest.raises(AssertionError, match="while it was scanned"):
        store.write(work)
    assert store.info()["entries"]["one"] == 2
