"""Chainer: a training call after a call in evaluation mode silently changes the gradient of gamma of the latter.

Promised: `chainer.grad` computes "the gradient of output variables w.r.t. the input variables".
    https://docs.chainer.org/en/stable/reference/generated/chainer.grad.html
Happens: the backward pass of evaluation mode reads the running mean as it is by then. A training call in between
    changes it in place, and nothing is said. dx is right, since 1 / s was kept.
Harm: a loss that takes a layer in both modes before one backward pass, such as a consistency or a distillation loss.
Upstream: no report found. Chainer is in maintenance.
"""

import chainer
import numpy as np

x = chainer.Variable(np.array([[1.0], [2.0]], np.float32))
for between in ("nothing", "a training call"):
    layer = chainer.links.BatchNormalization(1)
    with chainer.using_config("train", False):
        y = layer(x)
    if between == "a training call":
        with chainer.using_config("train", True):
            layer(np.array([[0.0], [60.0]], np.float32))
    dx, dgamma = chainer.grad([chainer.functions.sum(y)], [x, layer.gamma])
    print(f"{between}: dx {dx.array.ravel().tolist()}, dgamma {dgamma.array.item():.3f}")
