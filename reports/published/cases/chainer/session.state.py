# Chainer links.BatchNormalization 7.8.1, numpy 1.23.5
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is nan after a load, training on an empty batch; it should be 0.632789493,
# as it was
import chainer
import numpy as np

layer = chainer.links.BatchNormalization(
    1,
    decay=0.9,
    eps=1e-05,
    dtype=np.dtype("float32"),
    use_gamma=True,
    use_beta=True,
    axis=[0],
)
layer.gamma.array[...] = np.array([1.0], np.float32)
layer.beta.array[...] = np.array([0.0], np.float32)
layer.avg_mean[...] = np.array([0.6327895], np.float32)
layer.avg_var[...] = np.array([1.7389386], np.float32)
x = np.zeros((0, 1), np.float32)
with chainer.using_config("train", True):
    y = layer(np.asarray(x, "float32")).array
running_mean = np.ravel(layer.avg_mean)
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
