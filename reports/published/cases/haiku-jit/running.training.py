# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: Training output does not depend on the running statistics.
# Seen: y in training[0, 0] is 24.75, exactly 1.3153145; it may be off by 1.6 and is off by 23, 15
# times the bound; 3 of 3 values are beyond theirs
import os

os.environ["JAX_ENABLE_X64"] = "1"
from types import SimpleNamespace

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np

others = [k for k in range(len((3, 1))) if k != 1 % len((3, 1))]
options = dict(create_scale=True, create_offset=True, decay_rate=0.9, eps=1e-05, axis=others)
call = hk.transform_with_state(lambda t, training, options=options: hk.BatchNorm(**options)(t, training))
layer = SimpleNamespace(apply=call.apply, options=options)
layer.params, layer.state = call.init(None, jnp.zeros((3, 1), "bfloat16"), True)
layer.params["batch_norm"]["scale"] = jnp.reshape(np.array([1.0], np.float32), layer.params["batch_norm"]["scale"].shape)
layer.params["batch_norm"]["offset"] = jnp.reshape(np.array([0.0], np.float32), layer.params["batch_norm"]["offset"].shape)
x = np.array([[1.09375], [1.0], [0.9453125]], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "bfloat16"), True
)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.315314497667533)
