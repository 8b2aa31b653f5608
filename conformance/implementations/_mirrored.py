"""What the adapters of TensorFlow's synchronised layers share: ``tf.distribute.MirroredStrategy`` on one CPU.

https://www.tensorflow.org/api_docs/python/tf/distribute/MirroredStrategy,
https://www.tensorflow.org/api_docs/python/tf/config/set_logical_device_configuration
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from conformance.implementation import Array, Gradients

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

#: How many parts there are, with a name for each; they come to be before TensorFlow's first operation.
REPLICAS = 2
_DEVICES = [f"CPU:{each}" for each in range(REPLICAS)]
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * REPLICAS
)
tf.get_logger().setLevel("ERROR")  # else it says on every call that it would be faster in a graph


@cache
def _strategy(kind: Any, replicas: int) -> Any:
    # The default way to reduce leaves TensorFlow of no use once a call of one replica has failed.
    return kind(_DEVICES[:replicas], cross_device_ops=tf.distribute.ReductionToOneDevice())


class Mirrored:
    """A layer with a copy on each device. A subclass says what variables it holds, and how it is called."""

    #: By canonical name: all it holds, and of those what it learns.
    variables: Mapping[str, Any]
    affine: Mapping[str, Any]
    #: What else a call changes.
    hidden: Sequence[Any] = ()

    def __init__(self, replicas: int, strategy: Any = tf.distribute.MirroredStrategy) -> None:
        """:param replicas: 1 for a layer that is not distributed. :param strategy: a class."""
        self._replicas = replicas
        self.strategy: Any = tf.distribute.get_strategy() if replicas == 1 else _strategy(strategy, replicas)

    def call(self, x: Any, training: bool) -> Any:
        raise NotImplementedError

    def parameters(self) -> dict[str, Array]:
        """Those of the first replica, and the running statistics of the others."""
        return {
            f"{name}@{k}" if k else name: value
            for name, variable in self.variables.items()
            for k, value in enumerate(self._of_replicas(variable))
            if k == 0 or name not in self.affine
        }

    def load(self, parameters: Mapping[str, Array]) -> None:
        for name, value in parameters.items():
            if name not in self.variables:
                raise ValueError(f"the layer has no {name}; it has {', '.join(self.variables)}")
            self.variables[name].assign(value)

    def forward(self, x: Array, *, training: bool) -> Array:
        self._last = self._state(), x, training
        parts = np.array_split(x, self._replicas)
        return np.concatenate(
            self._run(lambda k: self.call(tf.convert_to_tensor(parts[k]), training).numpy())
        )

    def backward(self, dy: Array) -> Gradients:
        """A tape is of use only in the run it was recorded in, so the call is repeated, from the state it met."""
        now, (met, x, training) = self._state(), self._last
        parts, upstream = (np.array_split(each, self._replicas) for each in (x, dy))

        def differentiate(k: int) -> dict[str, Array]:
            inputs = {"x": tf.convert_to_tensor(parts[k]), **self.affine}
            with tf.GradientTape() as tape:
                tape.watch(list(inputs.values()))
                y = self.call(inputs["x"], training)
            gradients = tape.gradient(y, inputs, output_gradients=tf.convert_to_tensor(upstream[k]))
            return {name: np.array(each.numpy()) for name, each in gradients.items()}

        self._restore(met)
        gradients = self._run(differentiate)
        self._restore(now)
        return Gradients(
            x=np.concatenate([each["x"] for each in gradients]),
            **{name: np.add.reduce([each[name] for each in gradients]) for name in self.affine},
        )

    def _of_replicas(self, variable: Any) -> list[Array]:
        return [np.array(each.numpy()) for each in self.strategy.experimental_local_results(variable)]

    def _state(self) -> list[tuple[Any, list[Array]]]:
        """What every replica holds."""
        return [(each, self._of_replicas(each)) for each in (*self.variables.values(), *self.hidden)]

    def _restore(self, state: list[tuple[Any, list[Array]]]) -> None:
        for variable, values in state:
            for k, each in enumerate(self.strategy.experimental_local_results(variable)):
                each.assign(values[k])

    def _run(self, function: Callable[[int], Any]) -> list[Any]:
        """What a function of its replica's number gives in each."""
        results: list[Any] = [None] * self._replicas

        def replica() -> None:
            k = int(tf.distribute.get_replica_context().replica_id_in_sync_group)
            results[k] = function(k)

        self.strategy.run(replica)
        return results
