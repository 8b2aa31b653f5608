# MindSpore nn.BatchNorm 2.10.0
# Required: epsilon = 0 works where var > 0.
# Seen: epsilon = 0 raises ValueError: For primitive[BatchNorm], the eps must be in (0,1], but got
# 0.
# ----------------------------------------------------
# - C++ Call Stack: (For framework developers)
# ----------------------------------------------------
# mindspore/ops/infer/ops_func_impl//batch_norm.cc:156 CheckValidation
import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")

layer = ms.nn.BatchNorm1d(
    1, eps=0.0, momentum=0.9, affine=True, dtype=ms.float32
)
getattr(layer, "bn2d", layer).gamma.set_data(ms.Tensor(np.array([1.0], np.float32), ms.float32))
getattr(layer, "bn2d", layer).beta.set_data(ms.Tensor(np.array([0.0], np.float32), ms.float32))
x = np.array([[2.1136327], [1.8490256], [-2.2566664], [-0.58532304]], np.float32)
try:
    layer.set_train(True)
    y = layer(ms.Tensor(x, ms.float32)).asnumpy()
    print("y =", y)
except Exception as error:
    print("raised", repr(error))
