# Equinox nn.BatchNorm, mode=batch, jit 0.13.8, jax 0.10.2
# Required: The average is of the biased or of the unbiased (m / (m - 1)) variance, whatever the
# rank, layout and dtype.
# Seen: no convention in use explains the running statistics. The closest is: zero-debiased,
# momentum is the weight kept, unbiased variance; by it, after 1 training call, the running variance
# of feature 0 is 17.8883209, exactly 17.7766462; it may be off by 7.7e-05 and is off by 0.11,
# 1.45e+03 times the bound; values beyond their bounds: 1 of 1
import os

os.environ["JAX_ENABLE_X64"] = "1"
from functools import partial
from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

over_batch = dict(axis_name="batch", in_axes=(0, None), out_axes=(0, None))

make = eqx.nn.make_with_state(eqx.nn.BatchNorm)
module, state = make(
    1, "batch", eps=1e-05, momentum=0.9, channelwise_affine=True, dtype=jnp.dtype("float32"),
    mode="batch",
)
layer = SimpleNamespace(module=module, state=state)
x = np.array([[3.1136327], [-2.8490255]], np.float32)
call = eqx.filter_jit(jax.vmap(partial(layer.module, inference=not True), **over_batch))
y, layer.state = call(jnp.asarray(x, "float32"), layer.state)
running_var = np.ravel(np.asarray(layer.state.get(layer.module.batch_state_index)[1] / jnp.where(layer.state.get(layer.module.batch_counter) == 0, 1, 1 - layer.module.momentum**layer.state.get(layer.module.batch_counter))))
print("running_var[0] is", float(running_var[0]), "and should be", 17.776646207562436)
