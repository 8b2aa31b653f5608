# Haiku BatchNorm, jit 0.0.17, jax 0.10.2
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[5, 0] is 1.82177901, exactly 1.82190334; it may be off by 3.1e-05 and is off by 0.00012,
# 3.99 times the bound; 6 of 8 values are beyond theirs
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
    [31.271631],
    [29.354868],
    [29.220055],
    [29.14275],
    [30.063377],
    [31.78742],
    [29.070148],
    [30.268888],
], np.float32)
y, layer.state = jax.jit(layer.apply, static_argnums=4)(
    layer.params, layer.state, None, jnp.asarray(x, "float32"), True
)
print("y[5, 0] is", float(y[5, 0]), "and should be", 1.821903344471359)
