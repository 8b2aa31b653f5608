# MindSpore nn.BatchNorm 2.10.0
# Required: Training moves the running statistics once, always in the same way. Nothing else moves
# anything: no inference, no backward call, no refused call, no empty batch. What is loaded is held.
# Seen: running_mean[0] is -16.8501167 after a load, training on an empty batch; it should be
# 0.632789493, as it was
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
