"""The hub's port: HTTP requests in, frames out, and the wait of a long poll.

Owns what HTTP has to do with it, how long a PULL waits and how much all answers together
hold.  Must not know what a message says: :mod:`satchel.hub.reception` does, on the thread
that has the stores.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import trio

from satchel.hub.answers import OWN_TROUBLES, Answer, refused
from satchel.hub.pulling import PullJob
from satchel.hub.pushing import PushJob
from satchel.hub.reception import RANDOM_BYTES, Reception, Signed
from satchel.hub.requests import read_request
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.shell import clock
from satchel.shell.bell import Bell
from satchel.shell.http_values import HttpRequest, HttpResponse, plain_response
from satchel.shell.store_thread import StoreThread
from satchel.wire.envelope import (
    AUTH_HEADER,
    CONTENT_TYPE,
    HEALTH_PATH,
    HEALTH_TEXT,
    SYNC_PATH,
)

log = logging.getLogger(__name__)

_FRAMES: Final = (("content-type", CONTENT_TYPE),)


class HubServer:
    """The HTTP handler of one hub."""

    def __init__(self, reception: Reception, thread: StoreThread) -> None:
        self._reception: Final = reception
        self._thread: Final = thread
        self._bells: Final = {org: Bell() for org in reception.desks}
        self._rung: Final = {org: desk.head for org, desk in reception.desks.items()}
        self._waiting: Final[dict[bytes, trio.CancelScope]] = {}
        self._stopping = False
        self._held = 0

    def stop(self) -> None:
        """Let every PULL that waits be answered now; none waits from here on."""
        self._stopping = True
        for scope in self._waiting.values():
            scope.cancel()

    def look(self) -> None:
        """Wake the PULLs of every organisation whose head has moved."""
        for org, desk in self._reception.desks.items():
            if self._rung[org] != desk.head:
                self._rung[org] = desk.head
                self._bells[org].ring()

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one HTTP request.  Every answer of the protocol has status 200."""
        if request.path == HEALTH_PATH:
            if request.method not in ("GET", "HEAD"):
                return plain_response(405, "Ask with GET.", ("allow", "GET, HEAD"))
            return plain_response(200, HEALTH_TEXT)
        if request.path != SYNC_PATH:
            return plain_response(404, f"A hub answers at {SYNC_PATH}.")
        if request.method != "POST":
            return plain_response(405, "Ask with POST.", ("allow", "POST"))
        if not _is_frames(request.headers.get("content-type", "")):
            return plain_response(415, f"A request is of type {CONTENT_TYPE}.")
        auth = request.headers.get(AUTH_HEADER, "")
        answer = await self._answer(Signed(request.method, request.path, auth, request.body))
        if not answer.bytes_held:
            return HttpResponse(200, _FRAMES, b"".join(answer.frames))
        return HttpResponse(200, _FRAMES, _Body(answer.frames, self._release(answer)))

    async def _answer(self, signed: Signed) -> Answer:
        req = 0
        try:
            frame = read_request(signed.body)
            req = frame.req
            random = clock.fresh_bytes(RANDOM_BYTES)
            take = partial(self._reception.take, signed, frame, clock.now_ms(), random)
            job = await self._thread.run(take)
            match job:
                case PushJob():
                    return await self._push(job)
                case PullJob():
                    return await self._pull(job)
            return job
        except SatchelError as error:
            level = logging.ERROR if error.code in OWN_TROUBLES else logging.DEBUG
            log.log(level, "refused: %s %s", error.code, error.message)
            known = error.details.get("req")
            return refused(known if isinstance(known, int) else req, error)

    async def _push(self, job: PushJob) -> Answer:
        try:
            answer = None
            while answer is None:
                answer = await self._thread.run(partial(job.step, clock.now_ms()))
                self.look()
            return answer
        finally:
            self.look()  # a step that failed may have decided what came before

    async def _pull(self, job: PullJob) -> Answer:
        deadline = trio.current_time() + job.wait_ms / 1000
        older = self._waiting.pop(job.link.id, None)
        if older is not None:
            older.cancel()  # a device has one PULL: whoever asked before has gone
        patient = job.wait_ms > 0
        while True:
            free = max(limits.PULLS_BYTES_MAX - self._held, limits.PAGE_BYTES_TARGET)
            room = min(job.bytes_max, free)
            self._held += room
            try:
                step = await self._thread.run(
                    partial(job.step, clock.now_ms(), room, patient and not self._stopping)
                )
            finally:
                self._held -= room
            if isinstance(step, Answer):
                self._held += step.bytes_held
                return step
            patient = await self._news(job, step.head, deadline)

    async def _news(self, job: PullJob, head: int, deadline: float) -> bool:
        """Wait until the organisation's head is past ``head``; False: it was not in time, or
        there is no more waiting."""
        if self._stopping:
            return False
        bell = self._bells[job.desk.org]
        with trio.CancelScope(deadline=deadline) as scope:
            self._waiting[job.link.id] = scope
            try:
                while job.desk.head <= head:
                    await bell.wait()
            finally:
                if self._waiting.get(job.link.id) is scope:
                    del self._waiting[job.link.id]
        return not scope.cancelled_caught

    def _release(self, answer: Answer) -> Callable[[], None]:
        def release() -> None:
            self._held -= answer.bytes_held

        return release


class _Body:
    """Frames on their way out, each made when the one before is gone.

    ``release`` is called once, when they are out or nobody takes them any more.
    """

    def __init__(self, frames: Iterator[bytes], release: Callable[[], None]) -> None:
        self._frames = frames
        self._release: Callable[[], None] | None = release

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        frame = next(self._frames, None)
        if frame is None:
            raise StopAsyncIteration
        return frame

    async def aclose(self) -> None:
        """Give back what was held; more than once is harmless."""
        release, self._release = self._release, None
        if release is not None:
            release()


def _is_frames(content_type: str) -> bool:
    """Whether a Content-Type is ours, spaces and case aside."""
    return content_type.replace(" ", "").lower() == CONTENT_TYPE.replace(" ", "")
