# MindSpore nn.BatchNorm 2.10.0
# Required: x -> c x with epsilon -> c^2 epsilon changes nothing in training but, for c < 0, the
# sign of y - beta.
# Seen: forward raised ValueError: For primitive[BatchNorm], the eps must be in (0,1], but got 4.
# ----------------------------------------------------
# - C++ Call Stack: (For framework developers)
# ----------------------------------------------------
# mindspore/ops/infer/ops_func_impl//batch_norm.cc:156 CheckValidation
import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")

layer1 = ms.nn.BatchNorm1d(
    1, eps=4.0, momentum=0.9, affine=True, dtype=ms.float32
)
getattr(layer1, "bn2d", layer1).gamma.set_data(ms.Tensor(np.array([1.0], np.float32), ms.float32))
getattr(layer1, "bn2d", layer1).beta.set_data(ms.Tensor(np.array([0.0], np.float32), ms.float32))
x = np.array([[6.2272654], [-5.698051]], np.float32)
layer1.set_train(True)
y = layer1(ms.Tensor(x, ms.float32)).asnumpy()
print("y =", y)
