"""What a layer holds for inputs as people have them: native shapes and dtypes of its parameters. Nothing is judged
here; the requirements of the group ``shape`` do that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from conformance.implementation import DTYPES, PARAMETERS, LayerConfig
from conformance.protocol.codec import numpy_dtype
from conformance.protocol.messages import Answer, Build, Forward, Parameters, Raised
from conformance.worker.client import Worker

#: (shape, feature axis): a table with features last, features first, a sequence, images with channels first and
#: last, a volume.
INPUTS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((32, 10), 1),
    ((10, 32), 0),
    ((8, 20, 10), 2),
    ((8, 3, 32, 32), 1),
    ((8, 32, 32, 3), 3),
    ((2, 3, 8, 16, 16), 1),
)


@dataclass(frozen=True, slots=True)
class HeldArray:
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a fresh layer holds after one training batch of ``input_shape``.

    :ivar arrays: by canonical name; extras under their own.
    :ivar problem: why nothing is known.
    """

    input_shape: tuple[int, ...]
    axis: int
    dtype: str
    arrays: dict[str, HeldArray] = field(default_factory=dict)
    problem: str = ""


def held(worker: Worker) -> tuple[Held, ...]:
    """For every input in the first of the dtypes declared, then for the first input in the other dtypes."""
    can = worker.identity.capabilities
    if not can.parameters:
        return ()
    inputs = [(shape, axis) for shape, axis in INPUTS if can.takes(shape, axis)]
    dtypes = [dtype for dtype in DTYPES if dtype in can.dtypes]
    wanted = [(shape, axis, dtypes[0]) for shape, axis in inputs]
    wanted += [(*inputs[0], dtype) for dtype in dtypes[1:]] if inputs else []
    return tuple(_held(worker, *each) for each in wanted)


def _held(worker: Worker, shape: tuple[int, ...], axis: int, dtype: str) -> Held:
    x = np.arange(np.prod(shape)).reshape(shape) % 7
    training = worker.identity.capabilities.training
    observation = worker.run(
        (
            Build(LayerConfig(shape, axis, dtype)),
            Forward(x.astype(numpy_dtype(dtype)), training, may_raise=True),  # some build only then
            Parameters(),
        )
    )
    if observation.lost is not None:
        return Held(shape, axis, dtype, problem=f"{observation.lost.outcome}: {observation.lost.text}")
    answer = observation.answers[-1]
    for each in observation.answers:
        if isinstance(each, Raised) and (each is not observation.answers[1] or isinstance(answer, Raised)):
            return Held(shape, axis, dtype, problem=f"{each.kind}: {each.text}")
    assert isinstance(answer, Answer)
    names = [*(name for name in PARAMETERS if name in answer.arrays), *sorted(answer.arrays)]
    arrays = {name: answer.arrays[name] for name in names}
    return Held(shape, axis, dtype, {k: HeldArray(v.shape, v.dtype.name) for k, v in arrays.items()})
