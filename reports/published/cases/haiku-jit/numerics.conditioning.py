# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[7, 0] is -2.00189281, exactly -2.00208093; it may be off by 3.6e-05 and is off by 0.00019,
# 5.3 times the bound; values beyond their bounds: 5 of 8
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((8, 1))) if k != 1 % len((8, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=1e-05, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((8, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([
    [30.772968],
    [29.858658],
    [30.041256],
    [30.565422],
    [29.071655],
    [30.736973],
    [29.761189],
    [28.23568],
], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
print("y[7, 0] is", float(y[7, 0]), "and should be", -2.0020809296133772)
