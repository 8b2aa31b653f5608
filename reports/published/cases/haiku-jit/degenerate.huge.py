# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1; values that are not finite: 2 of 2
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((2, 1))) if k != 1 % len((2, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=1e-05, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((2, 1), "float32"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([[3.764151e+24], [-3.4442605e+24]], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.0)
