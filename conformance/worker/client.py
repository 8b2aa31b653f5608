"""The suite's end of a worker: sends scripts, brings back observations, and survives whatever happens there.

A worker that dies, falls silent or answers nonsense costs the script at hand, whose observation says so, and
is started again for the next. One that a signal from outside ended may have done nothing to deserve it: its script is
tried once more before that is what is observed. What a program brings upon itself, a fault or an exit, is not tried
again, since one that occurs at times is a finding too; nor is a call that took too long and would take as long again.
"""

from __future__ import annotations

import shlex
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Literal, Protocol

import msgspec

from conformance.protocol.codec import decode_reply
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Call,
    Descend,
    Forward,
    Hello,
    Identity,
    Load,
    Lost,
    Observation,
    Raised,
    Reply,
    Request,
    Restore,
    Resume,
    Save,
    Script,
    Transfer,
)
from conformance.protocol.refused import Refused, refusing
from conformance.worker import framing
from conformance.worker.compound import COMPOUND, perform
from conformance.worker.interpreter import Unfit, check, command
from conformance.worker.locate import resolve
from conformance.worker.process import (
    CannotStart,
    Nonsense,
    NotDeclared,
    Process,
    Silent,
    Unsound,
    environment,
)
from conformance.worker.untrusted import cleaned, readable, unsound

_AHEAD = 4  # scripts sent before the answers to the first are read: worker and judge work side by side

#: What it means that a worker was lost before it said its name.
_LOST = {"crash": CannotStart, "timeout": Silent, "error": Nonsense}


class Link(Protocol):
    """What a worker sends to and receives from."""

    @property
    def pid(self) -> int | None: ...

    def send(self, *requests: Call | Request) -> None:
        """:raises FramingError: a request is too long for the protocol; none is sent."""
        ...

    def receive(self, timeout: float) -> bytes | None:
        """The next message, or None if there will be none.

        :raises TimeoutError: none came in time. :raises FramingError: what came is no message.
        """
        ...

    def unasked(self) -> bool:
        """Whether more has come than the messages received."""
        ...

    def epitaph(self, what: str) -> str:
        """How it ended, in words."""
        ...

    def stray(self) -> str:
        """The signal from outside that ended it; empty where it was none."""
        ...

    def said(self, *, more: bool = False) -> str:
        """The last it wrote to standard output and error; with what waits in the pipe, if it is alive."""
        ...

    def kill(self) -> None:
        """End it and every process of its group."""
        ...


class Worker:
    """One implementation in a process of its own. A context manager.

    :param name: as on the command line: a registered id, ``file.py:Class``, ``module:Class`` or
        ``exec:COMMAND``.
    :param timeout: seconds to wait for the answer to one call.
    :param start_timeout: seconds to wait for the implementation to be imported.
    :param memory: most bytes of memory the process may use, where the system can limit it.
    :param python: the interpreter to run it in, if not the suite's own: see
        :mod:`conformance.worker.interpreter`.
    :param device: where its layers are to compute.
    :raises CannotStart: it did not get as far as saying its name.
    :raises conformance.worker.locate.NotFound: there is no such implementation.
    """

    def __init__(
        self,
        name: str,
        *,
        timeout: float = 60.0,
        start_timeout: float = 300.0,
        memory: int | None = None,
        python: str | None = None,
        device: str = "cpu",
    ) -> None:
        self.name = name
        self._resolved = self._find(name)
        self._python = python
        self._device = device
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._memory = memory
        self._process: Link | None = None
        #: What a profile shows: seconds inside the implementation, and seconds spent waiting for it.
        self.inside = 0.0
        self.waited = 0.0
        self.restarts = -1
        #: The signals from outside that ended it, after each of which what it had at hand was tried again.
        self.strays: list[str] = []
        self._stray = ""  # what ended it the last time
        self._deadly: set[str] = set()  # calls at which such a signal came a second time
        #: Layouts in memory that are refused: a contiguous copy is sent in their place.
        #: None as long as nobody has looked.
        self.refused: frozenset[Refused] | None = None
        self._twin: Worker | None = None
        self.identity = self._start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        if self._twin is not None:
            self._twin.close()
        if self._process is not None:
            self._process.kill()
            self._process = None

    def said(self) -> str:
        """The last that the implementation wrote to standard output and error since it was started."""
        return "" if self._process is None else self._process.said(more=True)

    def run(self, script: Script) -> Observation:
        """Perform one script."""
        return next(iter(self._stream([script])))

    def stream(self, scripts: Iterable[Script]) -> Iterator[Observation]:
        """Perform scripts in order; their requests are sent a few scripts ahead of the answers."""
        self._deadly.clear()
        yield from self._stream(scripts)

    def _stream(self, scripts: Iterable[Script]) -> Iterator[Observation]:
        sent: deque[Script] = deque()
        try:
            for script in scripts:
                if any(isinstance(call, COMPOUND) for call in script):
                    while sent:
                        yield self._collect(sent)
                    yield self._interactive(script)
                    continue
                self._send_again(sent)
                self._send(script)
                sent.append(script)
                if len(sent) > _AHEAD:
                    yield self._collect(sent)
            while sent:
                yield self._collect(sent)
        finally:
            if sent:  # Their answers are under way, and nobody will take them.
                self.close()

    # -- one script

    def _send(self, script: Script) -> None:
        self._alive().send(*map(self._placed, script))

    def _send_again(self, sent: deque[Script]) -> None:
        """If the worker was lost, so were the scripts sent ahead."""
        if self._process is None:
            for script in sent:
                self._send(script)

    def _collect(self, sent: deque[Script], *, tried: bool = False) -> Observation:
        """The observation of the first script sent."""
        self._send_again(sent)
        script = sent.popleft()
        answers: list[Answer | Raised] = []
        for call in script:
            reply = self._receive(call)
            if isinstance(reply, Lost) and self._again(call, tried):
                sent.appendleft(script)
                return self._collect(sent, tried=True)
            if isinstance(reply, Lost):
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        if not sent and self._alive().unasked():
            lost = self._lost("error", "sent more messages than it was asked for")
            return Observation(script, tuple(answers), lost)
        return Observation(script, tuple(answers))

    def _interactive(self, script: Script, *, tried: bool = False) -> Observation:
        """A script some of whose calls depend on the answers to others."""
        answers: list[Answer | Raised] = []
        here = self
        for call in script:
            reply: Answer | Raised | Lost
            match call:
                case Resume(config, format, layer):
                    reply = here._ask(Save(format, layer))
                    if isinstance(reply, Answer):
                        saved, here = reply.arrays["saved"], self._other() if here is self else self
                        reply = here._ask(Restore(config, format, saved, layer))
                case Descend() | Transfer():
                    reply = perform(call, here._ask)
                case _:
                    reply = here._ask(call)
            if isinstance(reply, Lost) and here._again(call, tried):
                return self._interactive(script, tried=True)
            if isinstance(reply, Lost):
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        return Observation(script, tuple(answers))

    def _other(self) -> Worker:
        """Another process of the same implementation, which lives as long as this one does."""
        if self._twin is None:
            self._twin = self._make_twin()
            self._twin.strays = self.strays
        self._twin.refused = self.refused
        return self._twin

    def _make_twin(self) -> Worker:
        return Worker(
            self.name,
            timeout=self._timeout,
            start_timeout=self._start_timeout,
            memory=self._memory,
            python=self._python,
            device=self._device,
        )

    def _again(self, call: Call | Request, tried: bool) -> bool:
        """Whether to try once more that at which the worker was lost. What has been confirmed of a call need not be
        for every script of a stream: each time costs a start.
        """
        what = type(call).__name__
        if tried and self._stray:
            self.strays.pop()  # It was none.
            self._deadly.add(what)
        if tried or not self._stray or what in self._deadly:
            return False
        self.strays.append(self._stray)
        return True

    def _ask(self, call: Request) -> Answer | Raised | Lost:
        self._alive().send(self._placed(call))
        return self._receive(call)

    def _placed(self, call: Call | Request) -> Call | Request:
        """The call with the device in it, and with layouts that are taken: scripts are the same for all."""
        match call:
            case Build(config=config) | Restore(config=config) if config.device != self._device:
                return msgspec.structs.replace(call, config=replace(config, device=self._device))
            case Load() | Forward() | Backward() if self.refused and not call.may_raise:
                if refusing(call) in self.refused:
                    return msgspec.structs.replace(call, memory="contiguous")
        return call

    # -- one reply

    def _receive(self, call: Call | Request) -> Answer | Raised | Lost:
        what = type(call).__name__.lower()
        start = time.perf_counter()
        reply = self._reply(self._timeout, what)
        self.waited += time.perf_counter() - start
        if isinstance(reply, Lost):
            return reply
        if isinstance(reply, Identity):
            return self._lost("error", f"answered {what} with its identity")
        if 0 <= reply.seconds <= self._timeout:  # It may say anything.
            self.inside += reply.seconds
        if isinstance(reply, Raised):
            if reply.kind == "MemoryError":  # What fills the memory may still be there at the next call.
                return self._lost("error", f"{what} raised MemoryError: {reply.text}")
        elif isinstance(call, Forward) and "y" not in reply.arrays:
            given = ", ".join(sorted(reply.arrays)) or "nothing"
            return self._lost("error", f"answered {what} without y, with {readable(given)}")
        elif isinstance(call, Save) and (
            "saved" not in reply.arrays or reply.arrays["saved"].dtype.name != "uint8"
        ):
            return self._lost("error", f"answered {what} without saved, which is to be of uint8")
        return reply

    def _reply(self, timeout: float, what: str) -> Reply | Lost:
        process = self._alive()
        try:
            data = process.receive(timeout)
            if data is None:
                return self._lost("crash", process.epitaph(what), process.stray())
            return cleaned(decode_reply(data))
        except TimeoutError:
            part = ", but a part of one" if process.unasked() else ""
            return self._lost("timeout", f"no answer to {what} within {timeout:g} s{part}")
        except (framing.FramingError, msgspec.DecodeError, ValueError, TypeError) as error:
            return self._lost("error", f"answered {what} with nonsense: {readable(str(error))}")
        except BaseException:  # An answer is under way that nobody will take.
            self.close()
            raise

    def _lost(
        self,
        outcome: Literal["crash", "timeout", "error"],
        text: str,
        stray: str = "",
    ) -> Lost:
        assert self._process is not None
        self._stray = stray
        self._process.kill()
        said = self._process.said()
        self._process = None
        return Lost(outcome, f"{text}\n{said}".strip())

    # -- the process

    def _alive(self) -> Link:
        if self._process is None:
            self._start()
        assert self._process is not None
        return self._process

    def _start(self, *, tried: bool = False) -> Identity:
        self.restarts += 1
        self._process = self._open()
        hello = Hello()
        self._process.send(hello)
        reply = self._reply(self._start_timeout, "hello")
        if isinstance(reply, Lost) and self._again(hello, tried):
            return self._start(tried=True)
        if isinstance(reply, Identity):
            problem = unsound(reply)
            if problem is None and self._device in reply.capabilities.devices:
                return reply
            self.close()
            if problem is None:
                declared = readable(", ".join(reply.capabilities.devices)) or "none"
                raise NotDeclared(f"declares no device {self._device!r}; it declares {declared}")
            raise Unsound(problem)
        self.close()
        if isinstance(reply, Lost):
            raise _LOST[reply.outcome](reply.text)
        if isinstance(reply, Raised):
            raise self._explained(reply)
        raise CannotStart("answered hello with something other than its identity")

    def _find(self, name: str) -> str:
        return resolve(name)

    def _open(self) -> Link:
        return Process(self._command(), environment(elsewhere=self._python is not None), self._memory)

    def _command(self) -> list[str]:
        if self._resolved.startswith("exec:"):
            return shlex.split(self._resolved.removeprefix("exec:"))
        try:
            if self._python is not None and self.restarts == 0:
                check(self._python)
        except Unfit as error:
            raise CannotStart(str(error)) from None
        return command(self._python, self._resolved)

    def _explained(self, raised: Raised) -> CannotStart:
        """Why it did not start, from what it raised."""
        text, missing = f"{raised.kind}: {raised.text}", _missing(raised)
        if self._python is None:
            return CannotStart(text, missing, raised)
        if raised.kind == "ModuleNotFoundError":
            text += f" (in {self._python}: to install packages there, {self._python} -m pip install ...)"
        return CannotStart(text, raised=raised)


def _missing(raised: Raised) -> str | None:
    """The package that is not installed, if that is what an exception says."""
    if raised.kind != "ModuleNotFoundError" or raised.text.count("'") != 2:
        return None
    module = raised.text.split("'")[1]
    package, _, inner = module.partition(".")
    with suppress(ImportError, ValueError):
        if inner and find_spec(package) is not None:
            return None  # It is installed, and has no such module.
    return package
