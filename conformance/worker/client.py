"""The suite's end of a worker: sends scripts, brings back observations, and survives whatever happens there.

A worker that dies, falls silent or answers nonsense costs the script at hand, whose observation says so, and
is started again for the next.
"""

from __future__ import annotations

import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from conformance.script import (
    Answer,
    Backward,
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
    Script,
    decode_reply,
    encode,
)
from conformance.worker import framing
from conformance.worker.locate import resolve

_ROOT = str(Path(__file__).resolve().parents[2])
# The package's own folder goes last, so that it shadows nothing.
_SERVE = f"import sys; sys.path.append({_ROOT!r}); from conformance.worker.serve import main; main()"
_AHEAD = 4  # scripts sent before the answers to the first are read: worker and judge work side by side
_TAIL = 4000


class CannotStart(Exception):
    """The implementation could not be started at all.

    :ivar missing: the Python package it needs and this environment has not, if that is why.
    """

    def __init__(self, text: str, missing: str | None = None) -> None:
        super().__init__(text)
        self.missing = missing


class Worker:
    """One implementation in a process of its own. A context manager.

    :param name: as on the command line: a registered id, ``file.py:Class``, ``module:Class`` or
        ``exec:COMMAND``.
    :param timeout: seconds to wait for the answer to one call.
    :param start_timeout: seconds to wait for the implementation to be imported.
    :param memory: most bytes of memory the process may use, where the system can limit it.
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
    ) -> None:
        self.name = name
        self._resolved = resolve(name)
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._memory = memory
        self._process: _Process | None = None
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

    def run(self, script: Script) -> Observation:
        """Perform one script."""
        return next(iter(self.stream([script])))

    def stream(self, scripts: Iterable[Script]) -> Iterator[Observation]:
        """Perform scripts in order; their requests are sent a few scripts ahead of the answers."""
        sent: deque[Script] = deque()
        for script in scripts:
            if any(isinstance(call, Descend) for call in script):
                while sent:
                    yield self._collect(sent)
                yield self._interactive(script)
                continue
            self._send(script)
            sent.append(script)
            if len(sent) > _AHEAD:
                yield self._collect(sent)
        while sent:
            yield self._collect(sent)

    # -- one script

    def _send(self, script: Script) -> None:
        process = self._alive()
        for call in script:
            assert not isinstance(call, Descend)
            process.send(call)

    def _collect(self, sent: deque[Script]) -> Observation:
        """The observation of the first script sent. If the worker is lost on it, the others are sent again."""
        script = sent.popleft()
        answers: list[Answer | Raised] = []
        for call in script:
            reply = self._receive(call)
            if isinstance(reply, Lost):
                for waiting in sent:
                    self._send(waiting)
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        return Observation(script, tuple(answers))

    def _interactive(self, script: Script) -> Observation:
        """A script some of whose calls depend on the answers to others."""
        answers: list[Answer | Raised] = []
        for call in script:
            reply = self._descend(call) if isinstance(call, Descend) else self._ask(call)
            if isinstance(reply, Lost):
                return Observation(script, tuple(answers), reply)
            answers.append(reply)
        return Observation(script, tuple(answers))

    def _descend(self, call: Descend) -> Answer | Raised | Lost:
        """Gradient descent by the implementation's own gradients, in float64 outside of it."""
        gamma, beta = call.gamma.astype(np.float64), call.beta.astype(np.float64)
        dtype = call.x.dtype
        target = call.x.astype(np.float64)
        for step in range(call.steps + 1):
            parameters = {"gamma": gamma.astype(dtype), "beta": beta.astype(dtype)}
            loaded = self._ask(Load(parameters, call.layer))
            if not isinstance(loaded, Answer):
                return loaded
            if step == call.steps:
                break
            forward = self._ask(Forward(call.x, True, call.layer))
            if not isinstance(forward, Answer):
                return forward
            y = forward.arrays["y"].astype(np.float64)
            if y.shape != target.shape:
                return Raised(kind="ValueError", text=f"y has shape {y.shape}, x {target.shape}")
            backward = self._ask(Backward((y - target).astype(dtype), call.layer))
            if not isinstance(backward, Answer):
                return backward
            for name, value in (("gamma", gamma), ("beta", beta)):
                gradient = backward.arrays.get(name)
                if gradient is None or gradient.size != value.size:
                    shape = None if gradient is None else gradient.shape
                    return Raised(
                        kind="ValueError",
                        text=f"the gradient of {name} has shape {shape}; expected {value.size} values",
                    )
                value -= call.rate * gradient.astype(np.float64).ravel()
        return Answer(arrays={"gamma": gamma, "beta": beta})

    def _ask(self, call: Request) -> Answer | Raised | Lost:
        self._alive().send(call)
        return self._receive(call)

    # -- one reply

    def _receive(self, call: Call | Request) -> Answer | Raised | Lost:
        what = type(call).__name__.lower()
        start = time.perf_counter()
        reply = self._reply(self._timeout, what)
        self.waited += time.perf_counter() - start
        if isinstance(reply, Identity):
            reply = self._lost("error", f"answered {what} with its identity")
        if not isinstance(reply, Lost):
            self.inside += reply.seconds
        if isinstance(call, Forward) and isinstance(reply, Answer) and "y" not in reply.arrays:
            return Raised(
                kind="ProtocolError", text=f"forward was answered without y: {sorted(reply.arrays)}"
            )
        return reply

    def _reply(self, timeout: float, what: str) -> Reply | Lost:
        process = self._alive()
        try:
            data = process.receive(timeout)
        except TimeoutError:
            return self._lost("timeout", f"no answer to {what} within {timeout:g} s")
        except framing.FramingError as error:
            return self._lost("error", f"answered {what} with nonsense: {error}")
        if data is None:
            return self._lost("crash", f"died at {what}: {process.epitaph()}")
        try:
            return decode_reply(data)
        except (msgspec.DecodeError, ValueError, TypeError, OverflowError) as error:
            return self._lost("error", f"answered {what} with nonsense: {error}")

    def _lost(self, outcome: Any, text: str) -> Lost:
        assert self._process is not None
        self._process.kill()
        said = self._process.said()
        self._process = None
        return Lost(outcome, f"{text}\n{said}".strip())

    # -- the process

    def _alive(self) -> _Process:
        if self._process is None:
            self._start()
        assert self._process is not None
        return self._process

    def _start(self) -> Identity:
        self.restarts += 1
        self._process = _Process(self._command(), self._environment())
        self._process.send(Hello())
        reply = self._reply(self._start_timeout, "hello")
        if isinstance(reply, Identity):
            return reply
        self.close()
        if isinstance(reply, Lost):
            raise CannotStart(reply.text)
        if isinstance(reply, Raised):
            missing = None
            if reply.kind == "ModuleNotFoundError" and reply.text.count("'") == 2:
                missing = reply.text.split("'")[1]
            raise CannotStart(f"{reply.kind}: {reply.text}", missing)
        raise CannotStart("answered hello with something other than its identity")

    def _command(self) -> list[str]:
        if self._resolved.startswith("exec:"):
            return shlex.split(self._resolved.removeprefix("exec:"))
        return [sys.executable, "-c", _SERVE, self._resolved]

    def _environment(self) -> dict[str, str]:
        # One thread each: the same numbers every time, and no worker starves another.
        threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(threads, "1") | dict(os.environ) | {"PYTHONHASHSEED": "0"}
        if self._memory is not None:
            environment["BNCONF_MEMORY_BYTES"] = str(self._memory)
        return environment


class _Process:
    """A subprocess with a thread for each of its pipes, so that none of them can block the suite."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"{' '.join(command[:2])}: {error}") from None
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[bytes | framing.FramingError | None] = queue.SimpleQueue()
        self._tail = b""
        stdin, stdout, stderr = self._popen.stdin, self._popen.stdout, self._popen.stderr
        assert stdin is not None and stdout is not None and stderr is not None
        self._threads = [
            threading.Thread(target=work, args=(pipe,), daemon=True)
            for work, pipe in ((self._write, stdin), (self._read, stdout), (self._listen, stderr))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def send(self, request: Request) -> None:
        self._outbox.put(encode(request))

    def receive(self, timeout: float) -> bytes | None:
        """The next message, or None if there will be none.

        :raises TimeoutError: none came in time. :raises FramingError: what came is no message.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = self._inbox.get(timeout=min(0.5, max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                # A child of the dead may hold the pipe open, so the end of the stream need not come.
                if self._popen.poll() is not None:
                    return None
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                continue
            if isinstance(message, framing.FramingError):
                raise message
            return message

    def epitaph(self) -> str:
        """How it ended, in words."""
        try:
            code = self._popen.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it closed its standard output"
        if code >= 0:
            return f"exit status {code}"
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"

    def said(self) -> str:
        """The last it wrote to standard error."""
        return self._tail.decode("utf-8", "replace").strip()

    def kill(self) -> None:
        self._outbox.put(None)
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._popen.kill()
        self._popen.wait()
        self._threads[2].join(timeout=1)

    def _write(self, pipe: IO[bytes]) -> None:
        try:
            while (payload := self._outbox.get()) is not None:
                framing.write(pipe, payload)  # type: ignore[arg-type]
            pipe.close()
        except (BrokenPipeError, OSError, ValueError):
            pass

    def _read(self, pipe: IO[bytes]) -> None:
        try:
            while (data := framing.read(pipe)) is not None:  # type: ignore[arg-type]
                self._inbox.put(data)
            self._inbox.put(None)
        except framing.FramingError as error:
            self._inbox.put(error)
        except (OSError, ValueError):
            self._inbox.put(None)

    def _listen(self, pipe: IO[bytes]) -> None:
        try:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self._tail = (self._tail + chunk)[-_TAIL:]
        except (OSError, ValueError):
            pass
