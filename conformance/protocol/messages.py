"""Scripts and what comes of them: plain data, and at the same time the messages of the worker protocol.

A *script* is a sequence of calls on an implementation. An *observation* is the script with an answer to each
call. Neither holds anything but numbers, strings and arrays, so both can be sent, stored and replayed.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
import numpy as np

from conformance.implementation import Capabilities, Idiom, LayerConfig


class Message(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True):
    """Base of everything that crosses the wire."""


class Hello(Message, frozen=True, tag="hello", omit_defaults=False):
    """First message: the suite says which version of the protocol it speaks. Answered by :class:`Identity`, with the
    version the program speaks.
    """

    protocol: int = 1


class Labelled(Message, frozen=True, kw_only=True):
    """Base of the calls of a script.

    :ivar label: what the suite itself calls it by, so that a judge finds it in its script. It never crosses the wire.
    """

    label: str = ""


class Build(Labelled, frozen=True, tag="build"):
    """Make a layer and keep it under the number ``layer``, in place of any that had it."""

    config: LayerConfig
    layer: int = 0
    may_raise: bool = False


class Load(Labelled, frozen=True, tag="load"):
    """Give a layer parameters, by canonical name. ``memory`` says how each lies, as for :class:`Forward`."""

    parameters: dict[str, np.ndarray]
    layer: int = 0
    memory: str = "contiguous"
    may_raise: bool = False


class Parameters(Labelled, frozen=True, tag="parameters"):
    """Ask for a layer's parameters in their native shapes. Answer: ``arrays`` by name."""

    layer: int = 0
    may_raise: bool = False


class Forward(Labelled, frozen=True, tag="forward"):
    """Apply a layer to x. Answer: ``arrays["y"]``. ``memory`` says how x lies in memory (see
    :mod:`conformance.protocol.layouts`); a program in another process may ignore it. ``mask``, booleans shaped as x
    without its feature axis, is only sent to those that declare it.
    """

    x: np.ndarray
    training: bool
    layer: int = 0
    memory: str = "contiguous"
    may_raise: bool = False
    mask: np.ndarray | None = None


class Backward(Labelled, frozen=True, tag="backward"):
    """Gradients of the last forward call, or with ``back=1``, which is only sent to those that declare it, of the one
    before it; of those that raised nothing. Answer: ``arrays`` with ``x`` and, where they exist, ``gamma`` and
    ``beta``.
    """

    dy: np.ndarray
    layer: int = 0
    memory: str = "contiguous"
    may_raise: bool = False
    back: int = 0


class Derivative(Labelled, frozen=True, tag="derivative"):
    """A derivative of y with respect to x, as automatic differentiation composes it. Sent only to those that
    declare such compositions.

    y is a function of x. Each of ``modes``, the innermost first, makes another function of x of it, by the array at
    its place in ``along``, which is shaped as x: "forward" the derivative along that direction, "reverse" the
    gradient of the sum of its product with that array. Answer: ``arrays["derivative"]``, shaped as x.
    """

    x: np.ndarray
    training: bool
    modes: tuple[Literal["forward", "reverse"], ...]
    along: tuple[np.ndarray, ...]
    layer: int = 0
    may_raise: bool = False


class Save(Labelled, frozen=True, tag="save"):
    """Save a layer in a format that the program declares. Answer: ``arrays["saved"]``, its bytes as uint8. Sent only
    to those that declare any, as is :class:`Restore`.
    """

    format: str
    layer: int = 0
    may_raise: bool = False


class Restore(Labelled, frozen=True, tag="restore"):
    """Make a layer of what another process saved, and keep it under the number ``layer``, in place of any that had
    it. ``config`` is what the one that was saved was built from.
    """

    config: LayerConfig
    format: str
    saved: np.ndarray
    layer: int = 0
    may_raise: bool = False


class Resume(Labelled, frozen=True, tag="resume"):
    """Save a layer, restore it in another process, and make all calls that follow there. Never sent: the suite
    performs it by save and restore. ``config`` is what the layer was built from.
    """

    config: LayerConfig
    format: str
    layer: int = 0
    may_raise: bool = False


class Descend(Labelled, frozen=True, tag="descend"):
    """Gradient descent on gamma and beta towards y = x. Never sent: the suite performs it by forward,
    backward and load. Answer: the ``gamma`` and ``beta`` arrived at, flat.
    """

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    rate: float
    steps: int
    layer: int = 0
    may_raise: bool = False


class Transfer(Labelled, frozen=True, tag="transfer"):
    """Load one layer's parameters, as it gives them, into another. Never sent: the suite performs it by
    parameters and load.
    """

    source: int
    layer: int
    may_raise: bool = False


Request: TypeAlias = Hello | Build | Load | Parameters | Forward | Backward | Derivative | Save | Restore
Call: TypeAlias = (
    Build | Load | Parameters | Forward | Backward | Derivative | Save | Restore | Descend | Transfer | Resume
)
Script: TypeAlias = tuple[Call, ...]


class Identity(Message, frozen=True, tag="identity"):
    """The worker's answer to :class:`Hello`."""

    name: str
    version: str
    capabilities: Capabilities
    protocol: int = 1
    idiom: Idiom | None = None


class Answer(Message, frozen=True, tag="answer", kw_only=True):
    """What a call returned.

    :ivar arrays: the arrays it gave, by name.
    :ivar modified: it changed the array it was given.
    :ivar warnings: what it warned of.
    :ivar seconds: time inside the implementation, for the profile; nothing is judged by it.
    """

    arrays: dict[str, np.ndarray] = {}
    modified: bool = False
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class Raised(Message, frozen=True, tag="raised", kw_only=True):
    """The implementation raised an exception instead.

    :ivar kind: name of its type. :ivar text: its message. :ivar trace: the traceback, shortened.
    :ivar expected: what the contract wants, if the implementation did not keep to it. :ivar found: what came instead.
    """

    kind: str
    text: str
    trace: str = ""
    seconds: float = 0.0
    expected: str = ""
    found: str = ""


Reply: TypeAlias = Identity | Answer | Raised


class Lost(msgspec.Struct, frozen=True):
    """The worker did not live to answer: it died, or fell silent, or answered nonsense."""

    outcome: Literal["crash", "timeout", "error"]
    text: str


class Observation(msgspec.Struct, frozen=True):
    """A script and what came of it: an answer to each call, up to the one at which the worker was lost."""

    script: Script
    answers: tuple[Answer | Raised, ...]
    lost: Lost | None = None

    def unexpected(self) -> tuple[Call, Raised] | None:
        """The first call that raised though its script says it should not."""
        for call, answer in zip(self.script, self.answers, strict=False):
            if isinstance(answer, Raised) and not call.may_raise:
                return call, answer
        return None
