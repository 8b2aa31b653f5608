"""The process of a worker, and its pipes."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time

from conformance.protocol.codec import encode
from conformance.protocol.messages import Call, Raised, Request
from conformance.worker import framing, reaper
from conformance.worker.untrusted import readable

_TAIL = 4000  # characters kept of what a worker wrote to standard error
_LISTENED = 1 << 14  # bytes looked at to find them
_PIPE = 1 << 20  # bytes under way at most, where the system lets a pipe hold as many
_READ = 1 << 18
#: Signals that no fault of a program brings about, as it does SIGSEGV and SIGABRT: a system short of memory sends
#: them, a person, whatever tidies up.
_FROM_OUTSIDE = tuple(
    getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_LOOK = 0.25  # seconds between looks at whether a silent process is still alive


class CannotStart(Exception):
    """The implementation could not be started at all.

    :ivar missing: the Python package it needs and this environment has not, if that is why.
    :ivar raised: the exception, if it raised one.
    """

    def __init__(self, text: str, missing: str | None = None, raised: Raised | None = None) -> None:
        super().__init__(text)
        self.missing = missing
        self.raised = raised


class NoProgram(CannotStart):
    """There is no such program."""


class NotDeclared(CannotStart):
    """It is sound, and does not declare what it was to be started for."""


class Unsound(CannotStart):
    """It declares what the suite does not know."""


class Silent(CannotStart):
    """It did not say its name in time."""


class Nonsense(CannotStart):
    """What it said in place of its name is no message of the protocol."""


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
        except FileNotFoundError as error:
            raise NoProgram(f"{' '.join(command[:2])}: {error}") from None
        except (OSError, ValueError) as error:
            raise CannotStart(f"{' '.join(command[:2])}: {error}") from None
        reaper.watch(self._popen.pid)
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
        return f"died at {what}{part}: {manner(code)}"

    def stray(self) -> str:
        """The signal that ended it, if it is one that others send."""
        return next((each.name for each in _FROM_OUTSIDE if self._popen.returncode == -each), "")

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
        reaper.unwatch(self._popen.pid)
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


def manner(code: int) -> str:
    """How a process ended, by its exit status; less than 0 for a signal."""
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
