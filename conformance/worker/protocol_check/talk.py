"""A program at the other end of a pipe, and what can be said to it, well-formed or not; for the checks of
:mod:`~conformance.worker.protocol_check`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np

from conformance.implementation import Array, Capabilities, LayerConfig
from conformance.protocol.codec import decode_reply, encode, numpy_dtype
from conformance.protocol.messages import (
    Answer,
    Build,
    Forward,
    Hello,
    Identity,
    Load,
    Message,
    Raised,
    Reply,
)
from conformance.worker import framing
from conformance.worker.process import Process, environment
from conformance.worker.untrusted import cleaned, readable, unsound

#: A message, or the map that is one, or bytes in place of one.
Said: TypeAlias = Message | Mapping[str, Any] | bytes
Arrays: TypeAlias = dict[str, Array]


T = TypeVar("T")


class Wrong(Exception):
    """The program did something that the protocol does not allow; the message says what."""


class Talk:
    """A conversation with a fresh process. A context manager.

    :param timeout: seconds to wait for one reply, or for its end.
    :param start_timeout: seconds to wait for the first reply.
    :raises conformance.worker.process.CannotStart: there is no such program.
    """

    def __init__(self, command: str, *, timeout: float, start_timeout: float) -> None:
        self._process = Process(shlex.split(command), environment(), None)
        self.timeout, self._start_timeout = timeout, start_timeout
        self._identity: Identity | None = None
        self.ended = False

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if not self.ended:
            self.ended = True
            self._process.kill()

    # -- what is said

    def send(self, data: bytes, *, pause: float | None = None) -> None:
        """Send bytes as they are; with a pause, one by one."""
        if pause is None:
            self._process.put(data)
            return
        for byte in data:
            self._process.put(bytes([byte]))
            time.sleep(pause)

    def say(self, *said: Said) -> list[Reply]:
        """Send messages in one go, and wait for a reply to each.

        :raises Wrong: one did not come, or is not a reply.
        """
        self.send(b"".join(framing.frame(_payload(each)) for each in said))
        return [self.hear(_named(each)) for each in said]

    def hear(self, what: str) -> Reply:
        """The next reply, to ``what``.

        :raises Wrong: there is none, or it is no reply.
        """
        return self._hear(what, lambda data: cleaned(decode_reply(data)))

    def hear_plain(self, what: str) -> dict[str, Any]:
        """The next reply as the map it is, with fields that mean nothing to the suite."""
        return self._hear(what, lambda data: msgspec.msgpack.decode(data, type=dict[str, Any]))

    def _hear(self, what: str, decode: Callable[[bytes], T]) -> T:
        waiting = self.timeout if self._identity else self._start_timeout
        try:
            data = self._process.receive(waiting)
            if data is not None:
                return decode(data)
            problem = self._process.epitaph(what)
        except TimeoutError:
            problem = f"no reply to {what} within {waiting:g} s"
        except (framing.FramingError, msgspec.DecodeError, ValueError, TypeError) as error:
            problem = f"answered {what} with nonsense: {readable(str(error))}"
        self.close()  # What it would say next is a reply to who knows what.
        raise Wrong(f"{problem}\n{self._process.said()}".strip())

    def silent(self) -> bool:
        """Whether it has said no more than it was asked, so far."""
        return not self._process.unasked()

    def hang_up(self) -> tuple[int, int | None]:
        """Close its standard input: how many bytes it still said, and its exit status, None if it did not end."""
        found = self._process.hang_up(self.timeout)
        self.close()
        return found

    # -- what one gets by it

    @property
    def identity(self) -> Identity:
        """:raises Wrong: it does not say what it is, or what it says is unsound."""
        if self._identity is None:
            (reply,) = self.say(Hello())
            if isinstance(reply, Raised):
                raise Wrong(f"answered hello with {reply.kind}: {reply.text}")
            if not isinstance(reply, Identity):
                raise Wrong("answered hello with something other than its identity")
            self._identity = reply
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        if problem := unsound(self.identity):
            raise Wrong(problem)
        return self.identity.capabilities

    def answers(self, *said: Said) -> list[Arrays]:
        """The arrays of the answers.

        :raises Wrong: a reply is something else.
        """
        found = []
        for each, reply in zip(said, self.say(*said), strict=True):
            if isinstance(reply, Raised):
                raise Wrong(f"{_named(each)} raised {reply.kind}: {reply.text}")
            if not isinstance(reply, Answer):
                raise Wrong(f"answered {_named(each)} with its identity")
            found.append(reply.arrays)
        return found

    def layer(
        self, n: int, *, number: int = 0, rank: int | None = None, dtype: str | None = None
    ) -> BuiltLayer:
        """Build a layer for ``n`` features, and load it: what can be asked of it then."""
        setting = BuiltLayer.of(self.capabilities, n, rank, dtype)
        self.answers(
            Build(setting.config, layer=number), Load(setting.parameters(self.capabilities), layer=number)
        )
        return setting


class BuiltLayer(msgspec.Struct, frozen=True):
    """A layer's configuration, and inputs for it."""

    config: LayerConfig
    training: bool

    @staticmethod
    def of(can: Capabilities, n: int, rank: int | None = None, dtype: str | None = None) -> BuiltLayer:
        rank = rank or can.ranks[0]
        axis = next(axis for axis in (1, -1, *range(rank)) if axis < rank and can.takes_axis(axis, rank))
        shape = [4 if k == 0 else 2 for k in range(rank)]
        shape[axis] = n
        return BuiltLayer(LayerConfig(tuple(shape), axis, dtype or can.dtypes[0]), can.training)

    @property
    def n(self) -> int:
        return self.config.input_shape[self.config.axis]

    def x(self, extent: int | None = None) -> Array:
        """An input, with so many samples if said."""
        shape = list(self.config.input_shape)
        if extent is not None:
            shape[0 if self.config.feature_axis else 1] = extent
        size = int(np.prod(shape))
        return np.sin(np.arange(size)).reshape(shape).astype(numpy_dtype(self.config.dtype))

    def forward(self, extent: int | None = None, *, number: int = 0) -> Forward:
        return Forward(self.x(extent), self.training, layer=number)

    def parameters(self, can: Capabilities) -> Arrays:
        """Vectors for every parameter an implementation has a use for."""
        names = {"gamma": 2.0, "beta": 1.0}
        if can.inference:
            names |= {"running_mean": 0.5, "running_var": 4.0}
        return {name: np.full(self.n, value, numpy_dtype(self.config.dtype)) for name, value in names.items()}


def plain(message: Message) -> dict[str, Any]:
    """The map that a message is on the wire, to be spoilt."""
    found: dict[str, Any] = msgspec.msgpack.decode(encode(message))
    return found


def _payload(said: Said) -> bytes:
    match said:
        case bytes():
            return said
        case Message():
            return encode(said)
    return msgspec.msgpack.encode(said)


def _named(said: Said) -> str:
    match said:
        case bytes():
            return "a message that is none"
        case Message():
            return type(said).__name__.lower()
    return f"op {str(said.get('op'))[:40]!r}"
