"""What every implementation of the ordered transaction promises.

A new implementation adds its factory to ``FACTORIES`` and passes unchanged.
"""

from __future__ import annotations

import shutil
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.store.env import Store
from satchel.store.memory import MemoryStore
from satchel.store.txn import KEY_BYTES_MAX, AnyStore, ReadTxn, Txn, prefix_end

ONE, TWO = "one", "two"


@contextmanager
def lmdb_store(sync: bool) -> Iterator[AnyStore]:
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    store = Store.open(folder / "store", (ONE, TWO), sync=sync)
    yield store
    store.close()
    shutil.rmtree(folder)


@contextmanager
def memory_store() -> Iterator[AnyStore]:
    store = MemoryStore((ONE, TWO))
    yield store
    store.close()


FACTORIES: dict[str, Callable[[], AbstractContextManager[AnyStore]]] = {
    "durable lmdb": partial(lmdb_store, sync=True),
    "lmdb without sync": partial(lmdb_store, sync=False),
    "memory": memory_store,
}


@pytest.fixture(params=FACTORIES)
def store(request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    with FACTORIES[request.param]() as made:
        yield made


class Undo(Exception):
    """Raised by a test to have its transaction aborted."""


def fill(store: AnyStore, *keys: bytes) -> None:
    def work(txn: Txn) -> None:
        for key in keys:
            txn.put(ONE, key, b"v" + key)

    store.write(work)


def keys_of(pairs: Iterator[tuple[bytes, bytes]]) -> list[bytes]:
    return [key for key, _ in pairs]


def test_a_put_is_read_back_in_the_same_and_in_later_transactions(store: AnyStore) -> None:
    """A transaction sees its own writes, and later ones see them too."""

    def work(txn: Txn) -> bytes | None:
        txn.put(ONE, b"k", b"old")
        txn.put(ONE, b"k", b"new")
        return txn.get(ONE, b"k")

    assert store.write(work) == b"new"
    assert store.read(lambda txn: txn.get(ONE, b"k")) == b"new"


def test_a_missing_key_is_none_and_an_empty_value_is_a_value(store: AnyStore) -> None:
    """None says absent; b"" says present and empty."""
    store.write(lambda txn: txn.put(ONE, b"k", b""))
    assert store.read(lambda txn: (txn.get(ONE, b"k"), txn.get(ONE, b"l"))) == (b"", None)


def test_databases_are_apart(store: AnyStore) -> None:
    """The same key in two databases is two keys."""
    fill(store, b"k")
    assert store.read(lambda txn: (txn.get(TWO, b"k"), txn.count(ONE), txn.count(TWO))) == (
        None,
        1,
        0,
    )


def test_an_unknown_database_is_a_bug(store: AnyStore) -> None:
    """A database the store was not opened with is refused, not made."""
    with pytest.raises(KeyError):
        store.read(lambda txn: txn.get("three", b"k"))


def test_an_exception_undoes_everything(store: AnyStore) -> None:
    """Work that raises leaves nothing, and its exception reaches the caller."""
    fill(store, b"kept")

    def work(txn: Txn) -> None:
        txn.put(ONE, b"k", b"v")
        txn.delete(ONE, b"kept")
        raise Undo

    with pytest.raises(Undo):
        store.write(work)
    assert store.read(lambda txn: keys_of(txn.scan(ONE))) == [b"kept"]


def test_scan_is_half_open_in_both_directions(store: AnyStore) -> None:
    """Start is in, stop is out; reverse yields the same range from high to low."""
    fill(store, b"a", b"b", b"ba", b"c", b"\xff")

    def work(txn: ReadTxn) -> None:
        assert keys_of(txn.scan(ONE)) == [b"a", b"b", b"ba", b"c", b"\xff"]
        assert keys_of(txn.scan(ONE, b"b", b"c")) == [b"b", b"ba"]
        assert keys_of(txn.scan(ONE, b"b", b"c", reverse=True)) == [b"ba", b"b"]
        assert keys_of(txn.scan(ONE, b"bb", reverse=True)) == [b"\xff", b"c"]
        assert keys_of(txn.scan(ONE, b"c", b"b")) == []
        assert keys_of(txn.scan(ONE, b"c", b"b", reverse=True)) == []
        assert next(txn.scan(ONE, b"c")) == (b"c", b"vc")

    store.read(work)


def test_prefix_first_and_last_agree(store: AnyStore) -> None:
    """First and last are the ends of prefix, also under ff, at the edges and when empty."""
    fill(store, b"a", b"b\x00", b"b\xff", b"b\xff\xff", b"c", b"\xff", b"\xff\xff")

    def work(txn: ReadTxn) -> None:
        for prefix in (b"", b"a", b"b", b"b\xff", b"bb", b"c", b"d", b"\xff", b"\xff\xff\xff"):
            pairs = list(txn.prefix(ONE, prefix))
            assert [k for k, _ in pairs] == [
                k for k in keys_of(txn.scan(ONE)) if k.startswith(prefix)
            ]
            assert txn.first(ONE, prefix) == (pairs[0] if pairs else None)
            assert txn.last(ONE, prefix) == (pairs[-1] if pairs else None)
        assert txn.first(TWO) is None
        assert txn.last(TWO) is None

    store.read(work)


def test_append_takes_only_the_highest_key(store: AnyStore) -> None:
    """An append below or at the last key is a bug and commits nothing."""
    store.write(lambda txn: txn.append(ONE, b"b", b"1"))
    store.write(lambda txn: txn.append(ONE, b"c", b"2"))
    for key in (b"a", b"c"):
        with pytest.raises(AssertionError, match="append"):
            store.write(lambda txn, key=key: txn.append(ONE, key, b"3"))  # type: ignore[misc]
    assert store.read(lambda txn: list(txn.scan(ONE))) == [(b"b", b"1"), (b"c", b"2")]


def test_delete_says_whether_the_key_was_there(store: AnyStore) -> None:
    """True once, False afterwards."""
    fill(store, b"k")
    assert store.write(lambda txn: (txn.delete(ONE, b"k"), txn.delete(ONE, b"k"))) == (True, False)
    assert store.read(lambda txn: txn.count(ONE)) == 0


def test_delete_prefix_takes_the_lowest_first_up_to_its_limit(store: AnyStore) -> None:
    """A large range can be cleared over several transactions."""
    fill(store, b"a", b"b1", b"b2", b"b3", b"c")
    assert store.write(lambda txn: txn.delete_prefix(ONE, b"b", 2)) == 2
    assert store.read(lambda txn: keys_of(txn.scan(ONE))) == [b"a", b"b3", b"c"]
    assert store.write(lambda txn: txn.delete_prefix(ONE, b"b", 0)) == 0
    assert store.write(lambda txn: txn.delete_prefix(ONE, b"b")) == 1
    assert store.write(lambda txn: txn.delete_prefix(ONE, b"")) == 2
    assert store.read(lambda txn: txn.count(ONE)) == 0


def test_other_databases_may_be_written_during_a_scan(store: AnyStore) -> None:
    """A scan of one database goes on while another is written."""
    fill(store, *(b"%03d" % n for n in range(500)))

    def work(txn: Txn) -> None:
        for key, value in txn.scan(ONE):
            txn.put(TWO, value, key)

    store.write(work)
    assert store.read(lambda txn: txn.count(TWO)) == 500


@pytest.mark.parametrize("key", [b"", b"x" * (KEY_BYTES_MAX + 1)])
def test_a_key_of_no_or_too_many_bytes_is_a_bug(store: AnyStore, key: bytes) -> None:
    """It is refused as an assertion, and nothing of its transaction stays."""

    def work(txn: Txn) -> None:
        txn.put(ONE, b"before", b"v")
        txn.put(ONE, key, b"v")

    with pytest.raises(AssertionError):
        store.write(work)
    assert store.read(lambda txn: txn.count(ONE)) == 0


def test_the_longest_key_and_a_long_value_are_kept(store: AnyStore) -> None:
    """511 bytes of key; values as long as a row may be."""
    key, value = b"x" * KEY_BYTES_MAX, b"y" * (1 << 20)
    store.write(lambda txn: txn.put(ONE, key, value))
    assert store.read(lambda txn: txn.get(ONE, key)) == value


def test_work_is_counted(store: AnyStore) -> None:
    """Reads count lookups and pairs yielded; writes count puts and deletes."""
    fill(store, b"a1", b"a2", b"b")

    def work(txn: Txn) -> tuple[int, int]:
        txn.get(ONE, b"a1")
        list(txn.prefix(ONE, b"a"))
        txn.put(TWO, b"k", b"v")
        txn.delete(TWO, b"none")
        txn.delete_prefix(ONE, b"a")
        return txn.reads, txn.writes

    assert store.write(work) == (3, 4)


def test_a_misuse_that_was_swallowed_still_aborts(store: AnyStore) -> None:
    """Work that hides its own failed put commits nothing."""

    def work(txn: Txn) -> None:
        txn.put(ONE, b"before", b"v")
        with suppress(Exception):
            txn.put(ONE, b"", b"v")

    with pytest.raises(AssertionError):
        store.write(work)
    assert store.read(lambda txn: txn.count(ONE)) == 0


def test_a_transaction_finishes_its_work(store: AnyStore) -> None:
    """An iterator that would go on after the end is refused, and nothing is written."""

    def work(txn: Txn) -> Iterator[tuple[bytes, bytes]]:
        txn.put(ONE, b"k", b"v")
        return txn.scan(ONE)

    with pytest.raises(AssertionError):
        store.write(work)
    with pytest.raises(AssertionError):
        store.read(lambda txn: txn.scan(ONE))
    assert store.read(lambda txn: txn.count(ONE)) == 0


def test_no_write_begins_inside_another_transaction(store: AnyStore) -> None:
    """A nested write is a bug; a nested read sees what the outer one has written."""
    with pytest.raises(AssertionError):
        store.read(lambda _: store.write(lambda txn: txn.put(ONE, b"k", b"v")))

    def work(txn: Txn) -> bytes | None:
        txn.put(ONE, b"k", b"v")
        return store.read(lambda inner: inner.get(ONE, b"k"))

    assert store.write(work) == b"v"


def test_a_closed_store_is_not_used(store: AnyStore) -> None:
    """Closing twice is harmless, using it afterwards a bug."""
    store.close()
    store.close()
    with pytest.raises(AssertionError):
        store.read(lambda txn: txn.count(ONE))


def test_a_read_is_a_snapshot_of_what_was_committed(store: AnyStore) -> None:
    """A later read sees the whole of a later write."""
    fill(store, b"a")
    before = store.read(lambda txn: keys_of(txn.scan(ONE)))
    fill(store, b"b", b"c")
    assert before == [b"a"]
    assert store.read(lambda txn: keys_of(txn.scan(ONE))) == [b"a", b"b", b"c"]


KEYS = st.binary(min_size=1, max_size=3).map(lambda raw: bytes(b & 0x83 | 0x7C for b in raw))
BOUNDS = st.binary(max_size=3).map(lambda raw: bytes(b & 0x83 | 0x7C for b in raw))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.binary(max_size=4)),
        st.tuples(st.just("delete"), KEYS, st.just(b"")),
        st.tuples(st.just("clear"), BOUNDS, st.just(b"")),
    ),
    max_size=40,
)


@pytest.fixture(scope="module", params=FACTORIES)
def shared(request: pytest.FixtureRequest) -> Iterator[AnyStore]:
    with FACTORIES[request.param]() as made:
        yield made


@settings(deadline=None)
@given(steps=STEPS, start=BOUNDS, stop=st.none() | BOUNDS)
def test_it_behaves_like_a_sorted_map(
    shared: AnyStore, steps: list[tuple[str, bytes, bytes]], start: bytes, stop: bytes | None
) -> None:
    """Any sequence of writes leaves what it would leave in a dict read in key order."""
    model: dict[bytes, bytes] = {}

    def work(txn: Txn) -> None:
        for step, key, value in steps:
            if step == "put":
                txn.put(ONE, key, value)
                model[key] = value
            elif step == "delete":
                assert txn.delete(ONE, key) == (model.pop(key, None) is not None)
            else:
                gone = [known for known in model if known.startswith(key)]
                assert txn.delete_prefix(ONE, key) == len(gone)
                for known in gone:
                    del model[known]
        pairs = sorted(model.items())
        expected = [(k, v) for k, v in pairs if k >= start and (stop is None or k < stop)]
        assert list(txn.scan(ONE)) == pairs
        assert list(txn.scan(ONE, start, stop)) == expected
        assert list(txn.scan(ONE, start, stop, reverse=True)) == expected[::-1]
        under = [pair for pair in pairs if pair[0].startswith(start)]
        assert txn.first(ONE, start) == (under[0] if under else None)
        assert txn.last(ONE, start) == (under[-1] if under else None)
        assert txn.count(ONE) == len(model)
        raise Undo

    with pytest.raises(Undo):
        shared.write(work)
    assert shared.read(lambda txn: txn.count(ONE)) == 0


@given(prefix=BOUNDS, keys=st.lists(KEYS))
def test_prefix_end_is_the_tight_bound(prefix: bytes, keys: list[bytes]) -> None:
    """Of any sorted keys, those from the prefix up to its end are those that begin with it."""
    end = prefix_end(prefix)
    ordered = sorted(keys)
    low = bisect_left(ordered, prefix)
    high = len(ordered) if end is None else bisect_left(ordered, end)
    assert ordered[low:high] == [key for key in ordered if key.startswith(prefix)]
