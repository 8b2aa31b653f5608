# Chainer links.BatchNormalization 7.8.1, numpy 1.23.5
# Required: float16 and bfloat16 statistics are computed in at least float32.
# Seen: y[0, 0] is nan, exactly 0; it may be off by 0.0091; values beyond their bounds: 2 of 2
import chainer
import numpy as np

layer = chainer.links.BatchNormalization(
    1,
    decay=0.9,
    eps=1e-08,
    dtype=np.dtype("float16"),
    use_gamma=True,
    use_beta=True,
    axis=[0],
)
layer.gamma.array[...] = np.array([1.0], np.float16)
layer.beta.array[...] = np.array([0.0], np.float16)
x = np.array([[0.957], [0.957]], np.float16)
with chainer.using_config("train", True):
    y = layer(np.asarray(x, "float16")).array
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
