"""The suite's end of a worker: sends scripts, brings back observations, and survives whatever happens there.

A worker that dies, falls silent or answers nonsense costs the script at hand, whose observation says so, and
is started again for the next.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Literal, Protocol

import msgspec

from conformance.implementation import DTYPES, Capabilities
from conformance.script import (
    Answer,
    Build,
    Call,
    Forward,
    Hello,
    Identity,
    Lost,
    Observation,
    Raised,
    Reply,
    Request,
    Script,
    decode_reply,
    encode,
)
from conformance.worker import framing
from conformance.worker.compound import COMPOUND, perform
from conformance.worker.interpreter import Unfit, check, command
from conformance.worker.locate import resolve

_AHEAD = 4  # scripts sent before the answers to the first are read: worker and judge work side by side
_PROTOCOL = 1
_RANKS = range(2, 6)  # those for which there are cases
_TAIL = 4000  # characters kept of what a worker wrote to standard error
_LISTENED = 1 << 14  # bytes looked at to find them
_PIPE = 1 << 20  # bytes under way at most, where the system lets a pipe hold as many
_READ = 1 << 18
_LOOK = 0.25  # seconds between looks at whether a silent process is still alive


class CannotStart(Exception):
    """The implementation could not be started at all.

    :ivar missing: the Python package it needs and this environment has not, if that is why.
    :ivar trace: the traceback, if it raised an exception.
    """

    def __init__(self, text: str, missing: str | None = None, trace: str = "") -> None:
        super().__init__(text)
        self.missing = missing
        self.trace = trace


class NotDeclared(CannotStart):
    """It is sound, and does not declare what it was to be started for."""


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
        self.identity = self._start()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def said(self) -> str:
        """The last that the implementation wrote to standard output and error since it was started."""
        return "" if self._process is None else self._process.said(more=True)

    def run(self, script: Script) -> Observation:
        """Perform one script."""
        return next(iter(self.stream([script])))

    def stream(self, scripts: Iterable[Script]) -> Iterator[Observation]:
        """Perform scripts in order; their requests are sent a few scripts ahead of the answers."""
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

    def _collect(self, sent: deque[Script]) -> Observation:
        """The observation of the first script sent."""
        self._send_again(sent)
        script = sent.popleft()
        answers: list[Answer | Raised] = []
        for call in script:
            reply = self._receive(call)
            if isinstance(reply, Lost):
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        if not sent and self._alive().unasked():
            lost = self._lost("error", "sent more messages than it was asked for")
            return Observation(script, tuple(answers), lost)
        return Observation(script, tuple(answers))

    def _interactive(self, script: Script) -> Observation:
        """A script some of whose calls depend on the answers to others."""
        answers: list[Answer | Raised] = []
        for call in script:
            reply = perform(call, self._ask) if isinstance(call, COMPOUND) else self._ask(call)
            if isinstance(reply, Lost):
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        return Observation(script, tuple(answers))

    def _ask(self, call: Request) -> Answer | Raised | Lost:
        self._alive().send(self._placed(call))
        return self._receive(call)

    def _placed(self, call: Call | Request) -> Call | Request:
        """The call with the device in it: scripts are the same for all."""
        if isinstance(call, Build) and call.config.device != self._device:
            return msgspec.structs.replace(call, config=replace(call.config, device=self._device))
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
        return reply

    def _reply(self, timeout: float, what: str) -> Reply | Lost:
        process = self._alive()
        try:
            data = process.receive(timeout)
            if data is None:
                return self._lost("crash", process.epitaph(what))
            return cleaned(decode_reply(data))
        except TimeoutError:
            part = ", but a part of one" if process.unasked() else ""
            return self._lost("timeout", f"no answer to {what} within {timeout:g} s{part}")
        except (framing.FramingError, msgspec.DecodeError, ValueError, TypeError) as error:
            return self._lost("error", f"answered {what} with nonsense: {readable(str(error))}")
        except BaseException:  # An answer is under way that nobody will take.
            self.close()
            raise

    def _lost(self, outcome: Literal["crash", "timeout", "error"], text: str) -> Lost:
        assert self._process is not None
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

    def _start(self) -> Identity:
        self.restarts += 1
        self._process = self._open()
        self._process.send(Hello())
        reply = self._reply(self._start_timeout, "hello")
        if isinstance(reply, Identity):
            problem = unsound(reply)
            if problem is None and self._device in reply.capabilities.devices:
                return reply
            self.close()
            if problem is None:
                declared = readable(", ".join(reply.capabilities.devices)) or "none"
                raise NotDeclared(f"declares no device {self._device!r}; it declares {declared}")
            raise CannotStart(problem)
        self.close()
        if isinstance(reply, Lost):
            raise CannotStart(reply.text)
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
            return CannotStart(text, missing, raised.trace)
        if raised.kind == "ModuleNotFoundError":
            text += f" (in {self._python}: to install packages there, {self._python} -m pip install ...)"
        return CannotStart(text, trace=raised.trace)


def environment(*, elsewhere: bool = False) -> dict[str, str]:
    """What a worker finds in its environment.

    :param elsewhere: it runs in another interpreter than the suite's own.
    """
    # One thread each: the same numbers every time, and no worker starves another.
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    found = dict.fromkeys(threads, "1") | dict(os.environ) | {"PYTHONHASHSEED": "0"}
    if elsewhere:  # These are where the suite's own interpreter looks for packages.
        for name in ("PYTHONHOME", "PYTHONPATH"):
            found.pop(name, None)
    return found


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


def unsound(identity: Identity) -> str | None:
    """What is wrong with what an implementation declares."""
    can: Capabilities = identity.capabilities
    if identity.protocol != _PROTOCOL:
        return f"speaks version {identity.protocol} of the protocol; this suite speaks {_PROTOCOL}"
    strange = [name for name in can.dtypes if name not in DTYPES]
    if strange or not _some(can.dtypes):
        return f"capabilities.dtypes must be some of {', '.join(DTYPES)}; it is {_listed(can.dtypes)}"
    if not _some(can.ranks) or any(rank not in _RANKS for rank in can.ranks):
        return f"capabilities.ranks must be some of {', '.join(map(str, _RANKS))}; it is {_listed(can.ranks)}"
    if can.axes != "any" and (not _some(can.axes) or any(abs(axis) > _RANKS.stop for axis in can.axes)):
        return f"capabilities.axes must be 'any' or some feature axes; it is {_listed(can.axes)}"
    if len(can.names) > _MOST_NAMES:
        return f"capabilities.names has {len(can.names)} pairs, more than the {_MOST_NAMES} allowed"
    for rank in can.ranks:
        if not any(can.takes_axis(axis, rank) for axis in range(rank)):
            return f"capabilities.axes has no axis of an input of rank {rank}; it is {can.axes}"
    return None


def _some(values: tuple[object, ...]) -> bool:
    """Whether there are any, each once."""
    return 0 < len(values) == len(set(values))


def _listed(values: tuple[object, ...]) -> str:
    text = readable(str(values[:8]))
    return text if len(values) <= 8 else f"{text[:-1]}, ...), {len(values)} in all"


_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Those that turn the direction of writing among them, by which text is made to look like another.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_MOST_TEXT = 8000
_MOST_NAMES = 16  # of warnings, and of a framework's own names of parameters


def readable(text: str) -> str:
    """What a stranger wrote, without colours, with control characters spelled out, and not too long."""
    if len(text) > _MOST_TEXT:
        text = f"{text[: _MOST_TEXT // 2]} [...] {text[-_MOST_TEXT // 2 :]}"
    text = _COLOURS.sub("", text.replace("\r\n", "\n"))
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cleaned(reply: Reply) -> Reply:
    match reply:
        case Raised():
            kind, text, trace = readable(reply.kind), readable(reply.text), readable(reply.trace)
            return msgspec.structs.replace(reply, kind=kind, text=text, trace=trace)
        case Identity():
            name, version, can = readable(reply.name), readable(reply.version), reply.capabilities
            if len(can.names) <= _MOST_NAMES:
                names = tuple((readable(one), readable(other)) for one, other in can.names)
                can = replace(can, names=names)
            return msgspec.structs.replace(reply, name=name, version=version, capabilities=can)
        case Answer():
            arrays = {readable(name): value for name, value in reply.arrays.items()}
            warnings = tuple(map(readable, reply.warnings[:_MOST_NAMES]))
            return msgspec.structs.replace(reply, arrays=arrays, warnings=warnings)
    return reply


class Process:
    """A subprocess whose pipes are looked after whenever an answer is awaited, and never block the suite.

    :param memory: as for :class:`Worker`. It is told in the environment, for a Python worker to set before it
        imports anything, and set from here for the rest.
    """

    def __init__(self, command: list[str], environment: dict[str, str], memory: int | None) -> None:
        if memory is not None:
            environment = environment | {"BNCONF_MEMORY_BYTES": str(memory)}
        try:
            self._popen = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotStart(f"{' '.join(command[:2])}: {error}") from None
        if memory is not None:
            _limit(self._popen.pid, memory)
        pipes = (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in pipes if pipe is not None)
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
            _widen(descriptor)
        self._poll = select.poll()
        self._poll.register(self._stdout, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)
        self._unsent = bytearray()
        self._frames = framing.Frames()
        self._tail = b""

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, *requests: Call | Request) -> None:
        self.put(b"".join([framing.frame(encode(request)) for request in requests]))

    def put(self, data: bytes) -> None:
        """Send bytes, whatever they say."""
        idle = not self._unsent
        self._unsent += data
        if idle and not self._write():
            self._poll.register(self._stdin, select.POLLOUT)

    def receive(self, timeout: float) -> bytes | None:
        if (message := self._frames.next()) is not None:
            return message
        deadline = time.monotonic() + timeout
        while True:
            ready = self._tend(deadline)
            if ready is None:
                return None
            if (message := self._frames.next()) is not None:
                return message
            # A child of the dead may hold the pipes open, so their ends need not come.
            if not ready and self._popen.poll() is not None:
                return None
            if time.monotonic() >= deadline:
                raise TimeoutError

    def hang_up(self, timeout: float) -> tuple[int, int | None]:
        """Close its standard input, once it has taken what was sent. How many bytes it wrote that nobody asked for,
        and the exit status it ended with, or None if it did not end in time.
        """
        deadline, stdin = time.monotonic() + timeout, self._popen.stdin
        stray, listening = 0, True
        while time.monotonic() < deadline:
            if not self._unsent and stdin is not None and not stdin.closed:
                stdin.close()
            if self._tend(deadline) is None and listening:
                self._poll.unregister(self._stdout)
                listening = False
            ended = self._popen.poll() is not None
            for _ in range(2 * _PIPE // _READ if ended and listening else 0):
                stray += self._frames.drop()
                if not self._read():
                    break
            stray += self._frames.drop()
            if ended:
                return stray, self._popen.returncode
        return stray, None

    def _tend(self, deadline: float) -> bool | None:
        """Look after the pipes, for a moment at most. Whether there was anything to do; None once its standard output
        has ended.
        """
        left = deadline - time.monotonic()
        ready = self._poll.poll(1e3 * max(0.0, min(_LOOK, left)))
        for descriptor, _ in ready:
            if descriptor == self._stdout:
                if not self._read():
                    return None
            elif descriptor == self._stderr:
                if not self._listen():
                    self._poll.unregister(self._stderr)
            elif self._write():
                self._poll.unregister(self._stdin)
        return bool(ready)

    def unasked(self) -> bool:
        return len(self._frames) > 0

    def epitaph(self, what: str) -> str:
        part = " in the middle of a message" if len(self._frames) else ""
        try:
            code = self._popen.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return f"closed its standard output at {what}{part}, without an answer"
        return f"died at {what}{part}: {_manner(code)}"

    def said(self, *, more: bool = False) -> str:
        if more:
            self._listen()
        text = self._tail.decode("utf-8", "replace")
        # faulthandler ends with a list that can be longer than all the rest.
        text = re.sub(r"^Extension modules: .*\n?", "", text, flags=re.MULTILINE)
        return readable(text[-_TAIL:]).strip()

    def kill(self) -> None:
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._popen.kill()
        self._popen.wait()
        for _ in range(2 * _PIPE // _READ):  # No more: a child that got away may go on writing.
            if not self._listen(wait=False):
                break
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def _write(self) -> bool:
        """Write what the pipe will take. Whether that was all."""
        try:
            while self._unsent:
                with memoryview(self._unsent) as view:
                    count = os.write(self._stdin, view)
                del self._unsent[:count]
        except BlockingIOError:
            return False
        except OSError:  # It is dead, or has closed its input; that shows in what it answers.
            self._unsent.clear()
        return True

    def _read(self) -> bool:
        """Whether there may be more."""
        try:
            data = os.read(self._stdout, _READ)
        except BlockingIOError:
            return True
        self._frames.feed(data)
        return bool(data)

    def _listen(self, *, wait: bool = True) -> bool:
        try:
            data = os.read(self._stderr, _READ)
        except BlockingIOError:
            return wait
        self._tail = (self._tail + data)[-_LISTENED:]
        return bool(data)


def _manner(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _widen(descriptor: int) -> None:
    """Let a pipe hold a few scripts, where the system has a way to say so."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):
        pass


def _limit(pid: int, memory: int) -> None:
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
    except (ImportError, AttributeError, OSError, ValueError):
        pass
