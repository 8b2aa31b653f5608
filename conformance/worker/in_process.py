"""A worker without a process: an implementation that lives in this one, such as a class in a notebook.

It takes the same requests and gives the same replies, encoded and decoded as if they crossed a pipe, so that
nothing but the isolation is lost: a crash ends the suite too, a call that does not return is waited for, and
what is printed is printed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from conformance.protocol.codec import decode_request, encode
from conformance.protocol.messages import Call, Raised, Reply, Request
from conformance.worker.client import Worker
from conformance.worker.serve import SENDABLE, Server, raised


class InProcessWorker(Worker):
    """A :class:`~conformance.worker.client.Worker` on an implementation in this process.

    :param make: makes the implementation; called again where a worker would be started again.
    :raises CannotStart: it raised, or what it made is no implementation.
    """

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self._make = make
        super().__init__(name)

    def _find(self, name: str) -> str:
        return name

    def _open(self) -> _Loop:
        return _Loop(self._make)

    def _make_twin(self) -> InProcessWorker:
        """In the one process there is: what outlives that, this cannot see."""
        return InProcessWorker(self.name, self._make)


class _Loop:
    """What a process is to a worker. Requests are answered when their answers are asked for."""

    pid = None

    def __init__(self, make: Callable[[], Any]) -> None:
        self._requests: deque[bytes] = deque()
        self._failure: Raised | None = None
        try:
            self._server = Server(make())
        except (Exception, SystemExit) as error:
            self._failure = raised(error)

    def send(self, *requests: Call | Request) -> None:
        self._requests += [encode(request) for request in requests]

    def receive(self, timeout: float) -> bytes:
        reply: Reply
        try:
            reply = self._failure or self._server.answer(decode_request(self._requests.popleft()))
        except Exception as error:
            reply = raised(error)
        if isinstance(reply, Raised) and reply.kind == "KeyboardInterrupt":
            raise KeyboardInterrupt
        try:
            return encode(reply)
        except Exception as error:
            return encode(raised(error, expected=SENDABLE))

    def unasked(self) -> bool:
        return False

    def epitaph(self, what: str) -> str:
        return f"ended at {what}"

    def stray(self) -> str:
        return ""

    def said(self, *, more: bool = False) -> str:
        return ""

    def kill(self) -> None:
        self._requests.clear()
