# Chainer links.BatchNormalization 7.8.1, numpy 1.23.5
# Required: Values whose squares overflow give finite output. The ratio says how far off it is.
# Seen: y[0, 0] is nan, exactly 1.5149; values that are not finite: 14 of 14
import chainer
import numpy as np

layer = chainer.links.BatchNormalization(
    1,
    decay=0.9,
    eps=0.001,
    dtype=np.dtype("float16"),
    use_gamma=True,
    use_beta=True,
    axis=[0],
)
layer.gamma.array[...] = np.array([1.0], np.float16)
layer.beta.array[...] = np.array([0.0], np.float16)
x = np.array([
    [7.344e+03],
    [4.384e+03],
    [3.06e+03],
    [2.914e+03],
    [424.2],
    [4.9e+03],
    [5.5e+03],
    [4.97e+03],
    [4.37e+03],
    [4.12e+03],
    [7.276e+03],
    [5.49e+03],
    [4.644e+03],
    [6.412e+03],
], np.float16)
with chainer.using_config("train", True):
    y = layer(np.asarray(x, "float16")).array
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.5149000679507463)
