"""A disk that fails: what is told, what is kept, and that work goes on."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lmdb
import pytest

from satchel.model.errors import SatchelError, Trouble
from satchel.store.damage import is_misuse, trouble_of
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn


def put(key: bytes, value: bytes = b"v") -> Callable[[Txn], None]:
    return lambda txn: txn.put("one", key, value)


def get(key: bytes) -> Callable[[ReadTxn], bytes | None]:
    return lambda txn: txn.get("one", key)


def write_on_a_full_disk(store: Store, work: Callable[[Txn], None]) -> SatchelError:
    """Run ``work`` while the kernel refuses to let files grow; return what was raised."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = store.info()["file_bytes"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(Trouble) as caught:
            store.write(work)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return caught.value


def test_after_a_failed_commit_the_store_is_opened_afresh(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is refused as Trouble, nothing of it stays, and the same work passes later."""
    store.write(put(b"before"))
    opened: list[str] = []
    really_open = lmdb.open

    def counting(path: str, **settings: Any) -> lmdb.Environment:
        opened.append(path)
        return really_open(path, **settings)

    monkeypatch.setattr(lmdb, "open", counting)
    work = put(b"after", b"x" * 20_000)
    assert write_on_a_full_disk(store, work).code == "DISK_FULL"
    assert opened == [str(store.path)]
    assert store.read(lambda txn: [key for key, _ in txn.scan("one")]) == [b"before"]
    store.write(work)
    assert store.read(get(b"after")) == b"x" * 20_000


def test_a_store_that_cannot_be_opened_afresh_tries_again_at_the_next_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE_DAMAGED each time while the disk is away; then it goes on with what it had."""
    store.write(put(b"before"))

    def failing(path: str, **_: Any) -> lmdb.Environment:
        raise OSError(errno.EIO, "Input/output error", path)

    with monkeypatch.context() as patched:
        patched.setattr(lmdb, "open", failing)
        assert write_on_a_full_disk(store, put(b"k", b"x" * 20_000)).code == "STORE_DAMAGED"
        with pytest.raises(Trouble) as caught:
            store.read(get(b"before"))
        assert caught.value.code == "STORE_DAMAGED"
    assert store.read(get(b"before")) == b"v"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EFBIG, "DISK_FULL"),
        (errno.EIO, "STORE_DAMAGED"),
        (errno.EACCES, "STORE_DAMAGED"),
    ],
)
def test_errors_of_the_system_have_one_meaning_each(folder: Path, number: int, code: str) -> None:
    """No room is DISK_FULL; the rest is STORE_DAMAGED with its cause."""
    trouble = trouble_of(OSError(number, os.strerror(number)), folder)
    assert trouble.code == code
    assert trouble.remedy


def test_an_input_output_error_on_a_full_disk_is_a_full_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LMDB names a write cut short EIO; the free space tells what it was."""
    facts = list(os.statvfs(folder))
    facts[4] = 0  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(facts))
    assert trouble_of(OSError(errno.EIO, "Input/output error"), folder).code == "DISK_FULL"


def test_damage_is_told_from_misuse() -> None:
    """Corrupt pages are the disk's fault, an ended transaction is ours."""
    assert not is_misuse(lmdb.CorruptedError("mdb_get"))
    assert not is_misuse(lmdb.DiskError("mdb_txn_commit"))
    assert is_misuse(lmdb.BadTxnError("mdb_put"))
    assert is_misuse(lmdb.Error("Attempt to operate on closed/deleted/dropped object."))
