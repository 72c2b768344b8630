"""All states and transitions of the three machines, in one place.

Theory of operation
===================

Three machines make a session.

1. The *session* itself owns the way to a link: it reads where the store stands, says
   HELLO, compares hash chains and only then lets the other two go.  It also owns every way
   out: paused, stopped, refused, forked.
2. The *pusher* brings the outbox to the hub, in counter order, one bundle in flight.
3. The *puller* brings rows from the hub, one PULL in flight; SCHEMA is asked on its lane.

The pusher and the puller are OFF unless the session is LINKED.  So there are never more
than two requests on the network, one of each lane, and HELLO has the line to itself.

A machine is always in exactly one of four conditions: off, waiting for one numbered
answer (from the hub or from the store), waiting for its timer, or at rest.  The last is
the pusher's IDLE, which is left as soon as there is work; the puller knows no rest, for
its idleness is a PULL that the hub answers when there is news.

What goes wrong leads to WAITING and from there through the store back to the start of
the machine's circle: nothing that was held in memory is trusted after a failure.

House rules
===========

* A machine changes its state only through its table below.  A signal that a state does
  not know is a bug and raises KeyError.
* Whether an event becomes a signal is decided before, by its request number: late events
  never reach a table.
* States without a way on (FORK, EPOCH) are left only by a person's wish; going through
  HELLO again is harmless, since chains are compared before anything leaves the log.

What is not tidy: within PULLING, pages are given to the store while more of them come,
so the puller counts what is not staged yet; STAGING is the wait for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

LaneName: TypeAlias = Literal["hello", "push", "pull"]
"""A lane has at most one request on the network, and a timer of the same name."""


class SessionState(Enum):
    """Where the session is on the way to a link, or why it is on none."""

    STOPPED = "stopped"
    PAUSED = "paused"
    READING = "reading"  # where the store stands
    GREETING = "greeting"  # HELLO is on the network
    CHECKING = "checking"  # the store compares the hub's chain with its own
    LINKED = "linked"
    WAITING = "waiting"  # for the timer, then again
    DENIED = "denied"  # likewise, but rarely
    FORK = "fork"
    EPOCH = "epoch"


class PushState(Enum):
    """What the pusher waits for."""

    OFF = "off"
    IDLE = "idle"  # for work
    READING = "reading"  # for the outbox
    SENDING = "sending"  # for PUSHED
    WAITING = "waiting"  # for the timer


class PullState(Enum):
    """What the puller waits for."""

    OFF = "off"
    READY = "ready"  # for nothing: left in the same call
    READING = "reading"  # for the store's standing
    FETCHING = "fetching"  # for SCHEMA_OK
    PULLING = "pulling"  # for pages and their end
    STAGING = "staging"  # for the store to have them all
    INSTALLING = "installing"  # for the FLIP
    WAITING = "waiting"  # for the timer


class Signal(Enum):
    """What an event means to a machine that was waiting for it."""

    START = auto()
    STOP = auto()
    PAUSE = auto()
    STANDING = auto()  # the store's standing is read
    WELCOME = auto()  # HELLO_OK
    TRUST = auto()  # the chains agree
    AGAIN = auto()  # the link is gone: HELLO at once
    FAIL = auto()  # later
    DENY = auto()
    FORK = auto()
    EPOCH = auto()
    UP = auto()  # there is a link
    DOWN = auto()  # there is none
    WORK = auto()  # the outbox holds what the hub has not seen
    READ = auto()  # the outbox gave entries
    EMPTY = auto()  # it had none
    ANSWER = auto()  # the hub's answer, whole
    DUE = auto()  # the timer, or a reason not to wait for it
    FETCH = auto()  # a schema is needed first
    PULL = auto()
    STAGED = auto()
    INSTALL = auto()
    BUILD = auto()  # another step of a flip that is built aside
    DONE = auto()  # the flip is in, or there was nothing in it


_S, _U, _L = SessionState, PushState, PullState

_LEAVE: Final = {
    Signal.PAUSE: _S.PAUSED,
    Signal.STOP: _S.STOPPED,
}
_FALL: Final = {
    **_LEAVE,
    Signal.AGAIN: _S.READING,
    Signal.FAIL: _S.WAITING,
    Signal.DENY: _S.DENIED,
    Signal.FORK: _S.FORK,
    Signal.EPOCH: _S.EPOCH,
}

SESSION: Final[Mapping[SessionState, Mapping[Signal, SessionState]]] = {
    _S.STOPPED: {Signal.START: _S.READING, Signal.PAUSE: _S.PAUSED},
    _S.PAUSED: {Signal.START: _S.READING, Signal.STOP: _S.STOPPED},
    _S.READING: {**_FALL, Signal.STANDING: _S.GREETING},
    _S.GREETING: {**_FALL, Signal.WELCOME: _S.CHECKING},
    _S.CHECKING: {**_FALL, Signal.TRUST: _S.LINKED},
    _S.LINKED: _FALL,
    _S.WAITING: {**_LEAVE, Signal.START: _S.READING},
    _S.DENIED: {**_LEAVE, Signal.START: _S.READING},
    _S.FORK: {**_LEAVE, Signal.START: _S.READING},
    _S.EPOCH: {**_LEAVE, Signal.START: _S.READING},
}

PUSH: Final[Mapping[PushState, Mapping[Signal, PushState]]] = {
    _U.OFF: {Signal.UP: _U.IDLE, Signal.DOWN: _U.OFF},
    _U.IDLE: {Signal.WORK: _U.READING, Signal.DOWN: _U.OFF},
    _U.READING: {
        Signal.READ: _U.SENDING,
        Signal.EMPTY: _U.IDLE,
        Signal.FAIL: _U.WAITING,
        Signal.DOWN: _U.OFF,
    },
    _U.SENDING: {
        Signal.ANSWER: _U.IDLE,
        Signal.FAIL: _U.WAITING,
        Signal.DOWN: _U.OFF,
    },
    _U.WAITING: {Signal.DUE: _U.IDLE, Signal.DOWN: _U.OFF},
}

PULL: Final[Mapping[PullState, Mapping[Signal, PullState]]] = {
    _L.OFF: {Signal.UP: _L.READY, Signal.DOWN: _L.OFF},
    _L.READY: {
        Signal.FETCH: _L.FETCHING,
        Signal.INSTALL: _L.INSTALLING,
        Signal.PULL: _L.PULLING,
    },
    _L.READING: {
        Signal.STANDING: _L.READY,
        Signal.FAIL: _L.WAITING,
        Signal.DOWN: _L.OFF,
    },
    _L.FETCHING: {
        Signal.ANSWER: _L.READY,
        Signal.FAIL: _L.WAITING,
        Signal.DOWN: _L.OFF,
    },
    _L.PULLING: {
        Signal.ANSWER: _L.STAGING,
        Signal.DUE: _L.READY,
        Signal.FAIL: _L.WAITING,
        Signal.DOWN: _L.OFF,
    },
    _L.STAGING: {
        Signal.STAGED: _L.READY,
        Signal.DONE: _L.READY,
        Signal.FAIL: _L.WAITING,
        Signal.DOWN: _L.OFF,
    },
    _L.INSTALLING: {
        Signal.BUILD: _L.INSTALLING,
        Signal.DONE: _L.READY,
        Signal.FETCH: _L.READY,
        Signal.FAIL: _L.WAITING,
        Signal.DOWN: _L.OFF,
    },
    _L.WAITING: {Signal.DUE: _L.READING, Signal.DOWN: _L.OFF},
}

STATUS_WORDS: Final[Mapping[SessionState, str]] = {
    _S.STOPPED: "stopped",
    _S.PAUSED: "paused",
    _S.READING: "connecting",
    _S.GREETING: "connecting",
    _S.CHECKING: "connecting",
    _S.LINKED: "online",
    _S.WAITING: "offline",
    _S.DENIED: "denied",
    _S.FORK: "fork",
    _S.EPOCH: "epoch",
}
"""The words of ``Status.state``; a link whose network is gone reads "offline" instead, and
one that has not brought a BASE yet "loading"."""
