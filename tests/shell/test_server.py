"""The API server over real Unix sockets: order, sessions, peers, slow readers, drain."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from satchel.config import locate
from satchel.model.errors import Clash, Denied, Mistake
from satchel.model.limits import REQUESTS_IN_FLIGHT_MAX
from satchel.shell.handlers import Request
from satchel.shell.listeners import Peer, check_peer, listen_unix, make_private_folder
from tests.shell.desk import Daemon
from tests.shell.raw_app import HELLO, RawApp, framed

CREATE: dict[str, Any] = {"table": "account", "columns": {"name": "x"}}


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon() as running:
        yield running


def wait_until(daemon: Daemon, holds: Callable[[], bool]) -> None:
    """Paced by another app's round trips, not by a clock."""
    while not holds():
        with RawApp(daemon.layout, hello=HELLO):
            pass


def test_the_socket_is_private(daemon: Daemon) -> None:
    """Mode 0600, in a folder of mode 0700."""
    path = Path(daemon.layout.socket)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_actor_comes_from_the_socket(daemon: Daemon) -> None:
    """User and process are the system's word, session and organisation the handshake's."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "create", CREATE])
        assert app.hear()[1] == 0
        actor = daemon.desk.actors[0]
        assert (actor.uid, actor.pid) == (os.getuid(), os.getpid())
        assert (actor.session, actor.org) == (app.session, "Office")


def test_another_user_is_refused() -> None:
    """Only the daemon's own user and the system's may use it."""
    check_peer(Peer(1000, 7), 1000)
    check_peer(Peer(0, 7), 1000)
    with pytest.raises(Denied, match="user 1001 may not use it") as caught:
        check_peer(Peer(1001, 7), 1000)
    assert caught.value.code == "NOT_ALLOWED"


def test_a_stranger_is_refused_before_a_word(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever the system says is somebody else is told so, and not listened to."""
    monkeypatch.setattr("satchel.shell.server.peer_of", lambda stream: Peer(os.getuid() + 1, 7))
    with RawApp(daemon.layout) as app:
        assert app.hear()["error"]["code"] == "NOT_ALLOWED"
        assert app.hear() is None


def test_an_unknown_organisation_is_refused(daemon: Daemon) -> None:
    """The handlers' refusal is the answer to the greeting, and the connection ends."""
    with RawApp(daemon.layout) as app:
        app.say({**HELLO, "org": "Elsewhere"})
        assert app.hear()["error"]["code"] == "NO_SUCH_ORG"
        assert app.hear() is None


def test_answers_come_in_order(daemon: Daemon) -> None:
    """Reads see the writes before them, bad requests keep their place, writes share a batch."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say(
            [1, 0, "create", CREATE],
            [2, 0, "create", {**CREATE, "columns": {"refuse": True}}],
            [3, 0, "create", CREATE],
            [4, 0, "list", {"table": "account"}],
            [5, 0, "frobnicate", {}],
            [6, 0, "get", {"table": "account"}],
            [7, 0, "create", CREATE],
        )
        answers = [app.hear() for _ in range(7)]
    assert [answer[0] for answer in answers] == [1, 2, 3, 4, 5, 6, 7]
    assert [answer[1] for answer in answers] == [0, 1, 0, 0, 1, 1, 0]
    assert len(answers[3][2]["rows"]) == 2
    assert answers[4][2]["code"] == "UNKNOWN_COMMAND"
    assert answers[5][2]["code"] == "BAD_REQUEST"
    assert daemon.desk.batches == [3, 1]


def test_a_long_pipeline_is_taken_in_slices(daemon: Daemon) -> None:
    """However much is sent at once, a bounded number of requests is under way."""
    count = 5 * REQUESTS_IN_FLIGHT_MAX + 3
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say(*([n, 0, "create", CREATE] for n in range(1, count + 1)))
        assert [app.hear()[0] for _ in range(count)] == list(range(1, count + 1))
    assert max(daemon.desk.batches) <= REQUESTS_IN_FLIGHT_MAX
    assert [applied["n"] for applied in daemon.desk.applied] == list(range(1, count + 1))


def test_a_waiting_command_holds_nothing_up(daemon: Daemon) -> None:
    """What comes after it is answered; a cancel ends it with nil, and says whether it did."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "await", {"ctr": 1, "until": "visible"}], [2, 0, "ping", {}])
        assert app.hear()[0] == 2
        app.say([3, 0, "cancel", {"request": 1}], [4, 0, "cancel", {"request": 9}])
        answers = {answer[0]: answer for answer in (app.hear() for _ in range(3))}
    assert answers[1] == [1, 0, None]
    assert answers[3] == [3, 0, {"cancelled": True}]
    assert answers[4] == [4, 0, {"cancelled": False}]


def test_an_app_cannot_wait_for_too_much(daemon: Daemon) -> None:
    """Waiting commands of one connection are bounded; one more is BUSY."""
    waits = [
        [n, 0, "await", {"ctr": 1, "until": "visible"}]
        for n in range(1, REQUESTS_IN_FLIGHT_MAX + 2)
    ]
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say(*waits)
        refused = app.hear()
        assert (refused[0], refused[2]["code"]) == (REQUESTS_IN_FLIGHT_MAX + 1, "BUSY")


def test_a_watch_follows_until_it_is_cancelled(daemon: Daemon) -> None:
    """The first event says where it begins; each change gives one; then nil."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "watch", {}])
        assert app.hear() == [1, 2, {"position": 0, "rows": []}]
        daemon.call(daemon.desk.move)
        assert app.hear()[2]["position"] == 1
        app.say([2, 0, "cancel", {"request": 1}])
        assert sorted([app.hear(), app.hear()]) == [[1, 0, None], [2, 0, {"cancelled": True}]]


def test_a_watch_begins_where_it_was_asked_for(daemon: Daemon) -> None:
    """What follows it in the same chunk is news to it."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "watch", {}], [2, 0, "create", CREATE])
        heard = [app.hear() for _ in range(3)]
    assert [each[2]["position"] for each in heard if each[0] == 1] == [0, 1]


def test_a_bug_is_told_and_the_next_request_is_served(daemon: Daemon) -> None:
    """An exception nobody foresaw, and an answer no frame can hold, are INTERNAL."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "tables", {}], [2, 0, "digest", {}], [3, 0, "ping", {}])
        assert [app.hear()[2].get("code") for _ in range(3)] == ["INTERNAL", "INTERNAL", None]


def test_a_failed_assertion_ends_the_daemon(daemon: Daemon) -> None:
    """What is believed and not so is no answer: nothing more may be written on top of it."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "orgs", {}])
        assert app.hear() is None
    daemon.wait_for_end()
    assert isinstance(daemon.failure, BaseExceptionGroup)
    assert daemon.failure.subgroup(AssertionError) is not None
    daemon.failure = None


def test_an_answer_that_does_not_fit_is_refused(daemon: Daemon) -> None:
    """TOO_BIG is the answer to that request, and the connection goes on."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        for n in (1, 2):
            app.say([n, 0, "create", {"table": "account", "columns": {"text": "x" * 600_000}}])
            assert app.hear()[1] == 0
        app.say([3, 0, "list", {"table": "account"}], [4, 0, "ping", {}])
        assert app.hear()[2]["code"] == "TOO_BIG"
        assert app.hear()[0] == 4


def test_a_session_is_kept_across_connections(daemon: Daemon) -> None:
    """A token the store issued is accepted again; a repeated number gets its receipt."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "create", CREATE])
        first = app.hear()
        session = app.session
    with RawApp(daemon.layout, hello={**HELLO, "session": session}) as app:
        assert app.session == session
        app.say([1, 0, "create", CREATE])
        assert app.hear() == first
    assert len(daemon.desk.applied) == 1


def test_an_unknown_session_is_refused_before_anything_runs(daemon: Daemon) -> None:
    """SESSION_EXPIRED, then the end."""
    with RawApp(daemon.layout) as app:
        app.say({**HELLO, "session": b"0123456789abcdef"}, [1, 0, "create", CREATE])
        assert app.hear()["error"]["code"] == "SESSION_EXPIRED"
        assert app.hear() is None
    assert daemon.desk.applied == []


def test_a_new_connection_of_a_session_ends_the_old(daemon: Daemon) -> None:
    """The old one is closed, and what had not begun is not run."""
    held: list[Request] = []

    async def hold(request: Request) -> None:
        held.append(request)
        await trio.sleep_forever()

    daemon.desk.before_answer = hold
    with RawApp(daemon.layout, hello=HELLO) as old:
        old.say([1, 0, "create", CREATE], [2, 0, "create", CREATE])
        wait_until(daemon, lambda: bool(held))
        with RawApp(daemon.layout, hello={**HELLO, "session": old.session}) as new:
            assert old.hear() is None
            assert [request.ended for request in held] == [True]
            daemon.desk.before_answer = None
            new.say([1, 0, "create", CREATE], [2, 0, "create", CREATE])
            assert [new.hear()[0], new.hear()[0]] == [1, 2]
    assert [applied["n"] for applied in daemon.desk.applied] == [1, 2]


def test_sessions_of_one_moment_are_different(daemon: Daemon) -> None:
    """No two apps share one, however fast they come."""
    sessions = set()
    for _ in range(50):
        with RawApp(daemon.layout, hello=HELLO) as app:
            sessions.add(app.session)
    assert len(sessions) == 50


def test_a_slow_reader_is_in_nobodys_way(daemon: Daemon) -> None:
    """An app that watches and never reads waits for itself; another one is served."""
    with RawApp(daemon.layout, hello=HELLO) as slow, RawApp(daemon.layout, hello=HELLO) as other:
        slow.say([1, 0, "watch", {}])
        slow.say(*([n, 0, "list", {"table": "account"}] for n in range(2, 60)))
        for n in range(1, 201):
            other.say([n, 0, "create", CREATE])
            assert other.hear()[:2] == [n, 0]


def test_what_an_app_said_before_it_closed_its_side_is_answered(daemon: Daemon) -> None:
    """Half-closed is not gone."""
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "create", CREATE], [2, 0, "ping", {}])
        app.socket.shutdown(1)
        assert [answer[0] for answer in app.hear_all()] == [1, 2]


def test_a_drain_answers_what_was_begun_and_ends_the_rest(daemon: Daemon) -> None:
    """The write under way is answered, waiting and idle apps are closed, nobody new is served."""
    begun, go = trio.Event(), trio.Event()

    async def hold(request: Any) -> None:
        daemon.desk.before_answer = None
        begun.set()
        await go.wait()

    daemon.desk.before_answer = hold
    with (
        RawApp(daemon.layout, hello=HELLO) as writer,
        RawApp(daemon.layout, hello=HELLO) as waiter,
        RawApp(daemon.layout, hello=HELLO) as idle,
    ):
        waiter.say([1, 0, "await", {"ctr": 1, "until": "visible"}])
        writer.say([1, 0, "create", CREATE])
        wait_until(daemon, begun.is_set)
        assert daemon.server is not None
        daemon.call(daemon.server.drain)
        assert waiter.hear() is None
        assert idle.hear() is None
        daemon.call(go.set)
        assert writer.hear()[:2] == [1, 0]
        assert writer.hear() is None
        with pytest.raises(OSError, match="refused"):
            RawApp(daemon.layout, hello=HELLO)


def test_a_silent_stranger_costs_only_itself(daemon: Daemon) -> None:
    """A connection without a greeting does not keep others out."""
    with RawApp(daemon.layout), RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "ping", {}])
        assert app.hear()[0] == 1


def test_a_greeting_in_pieces(daemon: Daemon) -> None:
    """Bytes may come one by one."""
    with RawApp(daemon.layout) as app:
        for byte in framed(HELLO):
            app.send(bytes([byte]))
        assert app.hear()["version"] == "0.1.0"


def test_two_daemons_do_not_share_a_socket(daemon: Daemon) -> None:
    """ALREADY_RUNNING while somebody answers there."""
    with pytest.raises(Clash) as caught:
        trio.run(listen_unix, daemon.layout.socket)
    assert caught.value.code == "ALREADY_RUNNING"


def test_a_socket_left_behind_is_replaced(daemon: Daemon) -> None:
    """After a kill the file is still there, and no obstacle."""
    daemon.stop_serving()
    assert Path(daemon.layout.socket).is_socket()

    async def listen() -> None:
        (await listen_unix(daemon.layout.socket)).socket.close()

    trio.run(listen)


def test_a_file_in_the_way_is_not_removed(tmp_path: Path) -> None:
    """What is no socket is somebody's file."""
    path = tmp_path / "daemon.sock"
    path.write_text("precious")
    with pytest.raises(Clash) as caught:
        trio.run(listen_unix, str(path))
    assert caught.value.code == "ALREADY_EXISTS"
    assert path.read_text() == "precious"


def test_a_folder_open_to_others_is_closed_and_a_link_is_refused(tmp_path: Path) -> None:
    """The folder is ours and private, or there is no socket."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Denied):
        make_private_folder(tmp_path / "link")


def test_a_long_path_is_refused_in_a_sentence() -> None:
    """Not with the system's words."""
    with pytest.raises(Mistake, match="the system allows 107"):
        trio.run(listen_unix, locate({}, "/", "/tmp/" + "x" * 100).socket)
