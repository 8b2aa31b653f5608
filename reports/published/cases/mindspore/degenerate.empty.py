# MindSpore nn.BatchNorm 2.10.0
# Required: An empty batch leaves the running statistics as they were: an error, or no change.
# Seen: running_mean was [0.6327894926071167] and is [-16.850116729736328] after an empty batch of
# shape (0, 1)
import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")

layer = ms.nn.BatchNorm1d(
    1, eps=1e-05, momentum=0.9, affine=True, dtype=ms.float32
)
getattr(layer, "bn2d", layer).gamma.set_data(ms.Tensor(np.array([1.0], np.float32), ms.float32))
getattr(layer, "bn2d", layer).beta.set_data(ms.Tensor(np.array([0.0], np.float32), ms.float32))
getattr(layer, "bn2d", layer).moving_mean.set_data(ms.Tensor(np.array([0.6327895], np.float32), ms.float32))
getattr(layer, "bn2d", layer).moving_variance.set_data(ms.Tensor(np.array([1.7389386], np.float32), ms.float32))
x = np.zeros((0, 1), np.float32)
layer.set_train(True)
y = layer(ms.Tensor(x, ms.float32)).asnumpy()
running_mean = np.ravel(getattr(layer, "bn2d", layer).moving_mean.asnumpy())
print("running_mean[0] is", float(running_mean[0]), "and should be", 0.6327894926071167)
