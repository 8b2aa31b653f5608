"""The worker process of an implementation in Python: ``python -m conformance.worker.serve NAME``.

Descriptor 1 is moved aside before anything is imported, so that what a framework prints goes to standard
error and cannot corrupt the stream. An exception of the implementation is an answer like any other, and so
is an attempt to exit by one: a process that is alive and well has not crashed.
"""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import numpy as np

from conformance.implementation import DTYPES, Capabilities, Differentiable, Idiom, Layer, Savable
from conformance.protocol.codec import decode_request, encode, wire_name
from conformance.protocol.layouts import lay_out
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Derivative,
    Forward,
    Hello,
    Identity,
    Load,
    Parameters,
    Raised,
    Reply,
    Request,
    Restore,
    Save,
)
from conformance.worker import framing
from conformance.worker.locate import load, resolve

#: What an answer has to consist of.
SENDABLE = "names and numbers"


class Malformed(Exception):
    """The implementation returned something the contract does not allow.

    :ivar expected: what the contract wants. :ivar found: what came instead.
    """

    def __init__(self, text: str, expected: str = "", found: str = "") -> None:
        super().__init__(text)
        self.expected, self.found = expected, found


class Server:
    """Answers requests about one implementation."""

    def __init__(self, implementation: Any) -> None:
        self._implementation = implementation
        self._layers: dict[int, Layer] = {}

    def answer(self, request: Request) -> Reply:
        if isinstance(request, Hello):
            return self._identity()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = time.perf_counter()
            try:
                arrays, modified, seconds = self._perform(request)
            except BaseException as error:
                return raised(error, time.perf_counter() - start)
        said = tuple(f"{w.category.__name__}: {_text(w.message)}" for w in caught[:4])
        return Answer(arrays=arrays, modified=modified, warnings=said, seconds=seconds)

    def _identity(self) -> Identity:
        it = self._implementation
        for name in ("name", "version", "capabilities", "build"):
            if not hasattr(it, name):
                raise Malformed(f"{type(it).__name__} has no attribute {name!r}", name)
        if not isinstance(it.capabilities, Capabilities):
            found = type(it.capabilities).__name__
            raise Malformed(f"capabilities must be a Capabilities; it is a {found}", "Capabilities", found)
        idiom = getattr(it, "idiom", None)
        if not isinstance(idiom, Idiom | None):
            raise Malformed(f"idiom must be an Idiom; it is a {type(idiom).__name__}")
        return Identity(str(it.name), str(it.version), it.capabilities, idiom=idiom)

    def _perform(self, request: Request) -> tuple[dict[str, np.ndarray], bool, float]:
        """(arrays, whether the input was modified, seconds inside the implementation)."""
        match request:
            case Build(config, number):
                self._layers.pop(number, None)
                layer, seconds = _timed(lambda: self._implementation.build(config))
                self._layers[number] = layer
                return {}, False, seconds
            case Load(parameters, number, memory):
                layer = self._layer(number)
                copies = {name: lay_out(value, memory) for name, value in parameters.items()}
                _, seconds = _timed(lambda: layer.load(copies))
                return {}, False, seconds
            case Parameters(number):
                held, seconds = _timed(self._layer(number).parameters)
                if not isinstance(held, dict):
                    raise _returned("parameters()", held, "dict", "a dict")
                return {str(k): _numeric(f"parameters()[{k!r}]", v) for k, v in held.items()}, False, seconds
            case Forward(x, training, number, memory):
                layer = self._layer(number)
                own = lay_out(x, memory)
                with_mask = {} if request.mask is None else {"mask": np.array(request.mask)}
                y, seconds = _timed(lambda: layer.forward(own, training=training, **with_mask))
                return {"y": _numeric("forward()", y)}, not _same(own, x), seconds
            case Backward(dy, number, memory):
                layer = self._layer(number)
                own = lay_out(dy, memory)
                more = {"back": request.back} if request.back else {}
                gradients, seconds = _timed(lambda: layer.backward(own, **more))
                if not isinstance(gradients, tuple) or len(gradients) != 3:
                    raise _returned("backward()", gradients, "Gradients", "Gradients(x, gamma, beta)")
                named = zip(("x", "gamma", "beta"), gradients, strict=True)
                arrays = {k: _numeric(f"backward().{k}", v) for k, v in named if v is not None}
                return arrays, not _same(own, dy), seconds
            case Derivative(x, training, modes, along, number):
                differentiable = cast(Differentiable, self._layer(number))
                own, ways = np.array(x), tuple(np.array(each) for each in along)
                found, seconds = _timed(
                    lambda: differentiable.derivative(own, training=training, modes=modes, along=ways)
                )
                return {"derivative": _numeric("derivative()", found)}, not _same(own, x), seconds
            case Save(format, number):
                savable = cast(Savable, self._layer(number))
                saved, seconds = _timed(lambda: savable.save(format))
                if not isinstance(saved, bytes):
                    raise _returned("save()", saved, "bytes", "bytes")
                return {"saved": np.frombuffer(saved, np.uint8)}, False, seconds
            case Restore(config, format, saved, number):
                self._layers.pop(number, None)
                fresh = cast(Savable, self._implementation.build(config))
                given = saved.tobytes()
                _, seconds = _timed(lambda: fresh.restore(format, given))
                self._layers[number] = fresh
                return {}, False, seconds
        raise Malformed(f"unknown request {type(request).__name__}")

    def _layer(self, number: int) -> Layer:
        if number not in self._layers:
            raise Malformed(f"there is no layer {number}: it was never built")
        return self._layers[number]


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _numeric(what: str, value: object) -> np.ndarray:
    if isinstance(value, (bool, int, float, np.generic)):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise _returned(what, value, "numpy.ndarray", "a numpy.ndarray")
    if wire_name(value.dtype) is None:
        text = f"{what} returned an array of dtype {value.dtype}; expected {', '.join(DTYPES)}"
        raise Malformed(text, "dtype", str(value.dtype))
    return np.asarray(value)  # of no subclass, which might say anything of itself


def _returned(what: str, value: object, expected: str, in_words: str) -> Malformed:
    found = "None" if value is None else f"{type(value).__module__}.{type(value).__qualname__}"
    described = found if value is None else f"a {found}"
    return Malformed(f"{what} returned {described}, not {in_words}", expected, found)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def raised(error: BaseException, seconds: float = 0.0, expected: str = "") -> Raised:
    """The exception as an answer.

    :param expected: what the contract wants, if the exception does not say so itself.
    """
    # NumPy's own MemoryError has another name.
    kind = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
    # From where the implementation is called on: what comes before is the suite's.
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    trace = "".join(traceback.format_exception(type(error), error, frames))
    found = ""
    if isinstance(error, Malformed):
        expected, found = error.expected, error.found
    return Raised(
        kind=kind,
        text=_text(error),
        trace=_shortened(trace),
        seconds=seconds,
        expected=expected,
        found=found,
    )


def _text(error: object) -> str:
    try:
        return _shortened(str(error))
    except BaseException as another:
        return f"(its message cannot be had: {type(another).__name__})"


def _shortened(text: str, most: int = 2000) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= most else text[: most // 2] + " [...] " + text[-most // 2 :]


def _limit_memory() -> None:
    limit = os.environ.get("BNCONF_MEMORY_BYTES")
    if limit:
        import resource  # not on Windows, where there is no such limit

        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))


def serve(name: str, requests: BinaryIO, replies: BinaryIO) -> None:
    """Load the implementation, then answer until the stream of requests ends."""
    own = os.getpid()
    try:
        server: Server | None = Server(load(resolve(name)))
        failure = None
    except BaseException as error:
        server, failure = None, raised(error)
    while (data := framing.read(requests)) is not None:
        try:
            reply: Reply = failure or server.answer(decode_request(data))  # type: ignore[union-attr]
        except BaseException as error:
            reply = raised(error)
        if os.getpid() != own:
            # The implementation forked, and this is the child: the answer is for its parent to give.
            os._exit(0)
        try:
            framing.write(replies, encode(reply))
        except OSError:
            raise  # Nobody can be told anything.
        except Exception as error:
            framing.write(replies, encode(raised(error, expected=SENDABLE)))


def main() -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb", 1 << 18)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    # What was printed before a crash should not be lost with it, and neither should the place.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    faulthandler.enable(2, all_threads=False)
    _limit_memory()
    threading.Thread(target=_end_with_the_suite, args=(requests.fileno(),), daemon=True).start()
    serve(sys.argv[1], requests, replies)
    replies.close()
    if _leads():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
    # No framework gets to hang or crash in its exit handlers.
    os._exit(0)


def _end_with_the_suite(requests: int, grace: float = 2.0) -> None:
    """When nobody is left to send requests, a call that does not return would run for ever."""
    hung_up = select.poll()
    hung_up.register(requests, 0)
    hung_up.poll()
    time.sleep(grace)
    if _leads():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _leads() -> bool:
    """Whether this process has a group of its own, with none in it but its children."""
    return os.getpgrp() == os.getpid()


if __name__ == "__main__":
    main()
