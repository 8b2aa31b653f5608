"""How a program introduces itself and answers calls."""

from __future__ import annotations

import difflib

import msgspec
import numpy as np

from conformance.implementation import Capabilities
from conformance.protocol.messages import (
    Backward,
    Build,
    Call,
    Forward,
    Hello,
    Identity,
    Load,
    Parameters,
    Restore,
    Save,
)
from conformance.worker.framing import frame
from conformance.worker.protocol_check.check import (
    BUILT,
    INTRODUCED,
    Checks,
    Unasked,
    like,
    lives,
    only,
    output,
)
from conformance.worker.protocol_check.talk import BuiltLayer, Talk, Wrong, plain

CHECKS = Checks()
_LARGE = 16 << 20  # bytes


# -- the introduction


@CHECKS.add(
    "identity",
    "hello is answered with an identity that has a name, a version and the protocol's version.",
    'Answer {op: "hello"} with {op: "identity", protocol: 1, name, version, capabilities}, and write nothing to '
    "standard output before.",
    (),
)
def _identity(talk: Talk) -> None:
    it = talk.identity
    if not it.name.strip() or not it.version.strip():
        raise Wrong(f"name and version must say something; they are {it.name!r} and {it.version!r}")


@CHECKS.add(
    "capabilities",
    "What it declares is sound: dtypes, ranks and axes that there are, and no field by a wrong name.",
    "docs/protocol.md lists the fields of capabilities; what is left out has its default.",
    ("identity",),
)
def _capabilities(talk: Talk) -> None:
    can = talk.capabilities
    if len(set(can.dtypes)) < len(can.dtypes) or len(set(can.ranks)) < len(can.ranks):
        raise Wrong(
            f"dtypes and ranks must name each once; they are {list(can.dtypes)} and {list(can.ranks)}"
        )
    talk.send(frame(msgspec.msgpack.encode({"op": "hello", "protocol": 1})))
    declared = talk.hear_plain("hello").get("capabilities")
    known = Capabilities.__dataclass_fields__
    for name in declared if isinstance(declared, dict) else {}:
        near = difflib.get_close_matches(str(name), known, n=1)
        if name not in known and near:
            raise Wrong(
                f"capabilities has a field {str(name)[:40]!r}, which means nothing; is it {near[0]!r}?"
            )


@CHECKS.add(
    "version",
    "Greeted in a version of the protocol that it does not know, it answers with the one it speaks.",
    "Do not refuse hello, whatever its protocol field says: the suite decides whether the versions go together.",
)
def _version(talk: Talk) -> None:
    (reply,) = talk.say({"op": "hello", "protocol": 1000})
    if not isinstance(reply, Identity) or reply.protocol != talk.identity.protocol:
        raise Wrong("greeted in version 1000 it did not answer with its identity as before")


# -- calls


@CHECKS.add(
    "build", "build is answered with an answer.", "Answer build with {op: 'answer'}; arrays may be left out."
)
def _build(talk: Talk) -> None:
    talk.answers(Build(BuiltLayer.of(talk.capabilities, 3).config))


@CHECKS.add(
    "load",
    "load takes an n-vector (n,) for every parameter the implementation has a use for.",
    "gamma and beta are given by those names; running_mean and running_var too, if inference is declared.",
    (*INTRODUCED, "build"),
)
def _load(talk: Talk) -> None:
    talk.layer(3)


@CHECKS.add(
    "parameters",
    "parameters gives back what was loaded: n values for gamma, beta and the statistics kept.",
    "Answer with arrays by canonical name: gamma, beta, running_mean, running_var.",
    BUILT,
)
def _parameters(talk: Talk) -> None:
    can = talk.capabilities
    if not can.parameters:
        raise Unasked("it declares that it holds no parameters")
    setting = talk.layer(3)
    (held,) = talk.answers(Parameters())
    given = setting.parameters(can)
    expected = ["gamma", "beta", *(["running_mean", "running_var"] if can.running and can.inference else [])]
    for name in expected:
        if name not in held:
            raise Wrong(f"parameters has no {name}; it has {', '.join(held)[:80] or 'nothing'}")
        if held[name].size != 3:
            raise Wrong(f"{name} of a layer for 3 features has shape {held[name].shape}")
        if not np.array_equal(held[name].ravel(), given[name].astype(held[name].dtype)):
            raise Wrong(f"{name} is {held[name].ravel().tolist()} after {given[name].tolist()} was loaded")


@CHECKS.add(
    "forward",
    "forward gives a y of the shape and dtype of x, for every dtype and rank declared, in training and inference "
    "where declared.",
    "Answer with arrays {y: {dtype, shape, data}}; what is not supported, do not declare.",
    BUILT,
)
def _forward(talk: Talk) -> None:
    can = talk.capabilities
    for dtype in can.dtypes:
        for rank in can.ranks:
            setting = talk.layer(3, rank=rank, dtype=dtype)
            for training in [mode for mode, able in ((True, can.training), (False, can.inference)) if able]:
                (found,) = talk.answers(Forward(setting.x(), training))
                like(found, "y", setting.x())


@CHECKS.add(
    "backward",
    "backward gives the gradient of x in its shape, and n values for those of gamma and beta, after each kind of "
    "forward call it is declared for, and where outstanding is declared, of the call before the last.",
    'Answer with arrays {x, gamma, beta}, or declare gradients for the calls after which it works: "training" or '
    '"inference".',
    BUILT,
)
def _backward(talk: Talk) -> None:
    can = talk.capabilities
    if not can.gradients:
        raise Unasked("it declares no gradients")
    setting = talk.layer(3)
    for training in filter(can.differentiates, (True, False)):
        made: list[Call] = [Forward(setting.x(), training), Backward(setting.x())]
        if can.outstanding:
            made = [made[0], Forward(setting.x(5), training), Backward(setting.x(), back=1)]
        found = talk.answers(*made)[-1]
        like(found, "x", setting.x())
        for name in ("gamma", "beta"):
            if name in found and found[name].size != 3:
                raise Wrong(f"the gradient of {name} has shape {found[name].shape} for 3 features")


@CHECKS.add(
    "save",
    "What save gives is taken by restore in every format declared, and the layer restored gives the same y.",
    "Answer save with arrays {saved: {dtype: 'uint8', shape: [length], data}}, and restore with {op: 'answer'}.",
    BUILT,
)
def _save(talk: Talk) -> None:
    can = talk.capabilities
    if not can.saves:
        raise Unasked("it declares no formats to save in")
    setting = talk.layer(3)
    for format in can.saves:
        (before, saved) = talk.answers(setting.forward(), Save(format))
        held = saved.get("saved")
        if held is None or held.dtype != np.uint8:
            raise Wrong(f"saved as {format}: the answer has no saved, an array of uint8")
        config = setting.config
        after = talk.answers(Restore(config, format, held, layer=1), setting.forward(number=1))[1]
        if not np.array_equal(output(before), output(after), equal_nan=True):
            raise Wrong(f"saved as {format} and restored, it gives another y")


@CHECKS.add(
    "layers",
    "Layers are kept apart by their number, and build puts a new one in the place of an old one.",
    "Keep a map from layer to layer; the number is 0 where the field is left out.",
    BUILT,
)
def _layers(talk: Talk) -> None:
    one, other = talk.layer(3), talk.layer(3, number=1)
    before, _ = talk.answers(one.forward(), other.forward(number=1))
    ones = {name: np.full_like(value, 7) for name, value in other.parameters(talk.capabilities).items()}
    after = talk.answers(Load(ones, layer=1), other.forward(number=1), one.forward())[2]
    if not np.array_equal(output(before), output(after), equal_nan=True):
        raise Wrong("y of layer 0 changed when parameters were loaded into layer 1")
    again = talk.layer(5)
    (rebuilt,) = talk.answers(again.forward())
    like(rebuilt, "y", again.x())


@CHECKS.add(
    "order",
    "Every request gets one reply, in order, also when many are sent before the first is answered.",
    "Read a request, write its reply, flush, and go on. Never skip one, and never answer twice.",
    BUILT,
)
def _order(talk: Talk) -> None:
    setting = talk.layer(3)
    extents = [2, 5, 3, 9, 4, 7, 6, 8]
    for extent, found in zip(
        extents, talk.answers(*(setting.forward(extent) for extent in extents)), strict=True
    ):
        like(found, "y", setting.x(extent))
    only(talk)


@CHECKS.add(
    "pieces",
    "A message may come in pieces of any size.",
    "A read from a pipe gives what is there: go on reading until the whole length has come.",
)
def _pieces(talk: Talk) -> None:
    talk.send(frame(msgspec.msgpack.encode(plain(Hello()))), pause=0.002)
    if not isinstance(talk.hear("hello, byte by byte"), Identity):
        raise Wrong("hello, byte by byte, was answered with something other than the identity")


@CHECKS.add(
    "unknown-fields",
    "Fields it does not know are ignored, as are memory and may_raise.",
    "Look fields up by name; refuse none for being there. Later versions of the suite may add some.",
    BUILT,
)
def _unknown_fields(talk: Talk) -> None:
    setting = talk.layer(3)
    more = {"since_version": 9, "nested": {"a": [1, None, True, 2.5, b"\x00"]}}
    build = plain(Build(setting.config))
    build["config"] |= more
    forward = plain(setting.forward()) | {"memory": "fortran", "may_raise": True} | more
    load = plain(Load(setting.parameters(talk.capabilities))) | more
    like(talk.answers(build | more, load, forward)[2], "y", setting.x())


@CHECKS.add(
    "large",
    "A message of 16 MiB is answered.",
    "Lengths are of 32 bits and unsigned; the longest message has 144 MiB.",
    BUILT,
)
def _large(talk: Talk) -> None:
    setting = talk.layer(8)
    each = setting.x().nbytes // (setting.x().shape[0 if setting.config.feature_axis else 1])
    request = setting.forward(_LARGE // each)
    (found,) = talk.answers(request)
    like(found, "y", request.x)


@CHECKS.add(
    "empty",
    "An empty batch is answered, by an array or by raised.",
    "Take care of extents that are 0.",
    BUILT,
)
def _empty(talk: Talk) -> None:
    setting = talk.layer(3)
    talk.say(setting.forward(0))
    lives(talk, "an empty batch")
