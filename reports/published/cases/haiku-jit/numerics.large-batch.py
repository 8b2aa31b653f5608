# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[1, 0] is -0.997070312, exactly -0.999943792; it may be off by 0.00049 and is off by
# 0.0029, 5.85 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((2, 1))) if k != 1 % len((2, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=0.001, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((2, 1), "float16"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float16), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float16), layer.params["batch_norm"]["offset"].shape)
x = np.array([[11.12], [5.152]], np.float16)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float16"), True
)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9999437923749994)
