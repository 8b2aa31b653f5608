# MindSpore nn.BatchNorm 2.10.0
# Required: momentum is the weight kept (Keras, ONNX) or the weight of the new batch (PyTorch),
# always the same.
# Seen: no convention in use explains the running statistics. The closest is: zero-debiased,
# momentum is the weight kept, biased variance; by it, after 1 training call, the running variance
# of feature 0 is 1, exactly 8.88901615; it may be off by 0.45 and is off by 7.9, 17.4 times the
# bound; values beyond their bounds: 1 of 1
import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")

layer = ms.nn.BatchNorm1d(
    1, eps=0.001, momentum=0.9, affine=True, dtype=ms.float16
)
running_var = np.ravel(getattr(layer, "bn2d", layer).moving_variance.asnumpy())
print("running_var[0] is", float(running_var[0]), "and should be", 8.889016151428223)
