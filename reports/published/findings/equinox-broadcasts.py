"""Equinox: gamma of the wrong size is broadcast, not refused.

Promised: "gamma, beta have shape (C,)". https://docs.kidger.site/equinox/api/nn/normalisation/#equinox.nn.BatchNorm
Happens: ``equinox.tree_at``, by which a weight is replaced, looks at no shape, and neither does the layer: a matrix
    with one row for the one feature multiplies, and y gets an axis more than x.
Harm: a mistake in carrying weights across passes unseen.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

layer, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(1, axis_name="batch", mode="batch")
layer = eqx.tree_at(lambda it: it.weight, layer, jnp.ones((1, 3)))
x = np.array([[-1.0], [1.0]], np.float32)
y, _ = jax.vmap(layer, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, state)
print("x", x.shape, "and a (1, 3) matrix of gammas: y", y.shape)
