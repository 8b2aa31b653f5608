"""MindSpore refuses an epsilon that is 0 or greater than 1.

Promised: "eps: epsilon added to the denominator for numerical stability. Default: 1e-5". No limit is documented.
    https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.BatchNorm1d.html
Happens: a ValueError when the layer is called, although any of these is a denominator.
Harm: little; the error says what to do. Other frameworks take them.
"""

import mindspore as ms
import numpy as np

ms.set_context(mode=ms.PYNATIVE_MODE, device_target="CPU")
for eps in (1.0, 0.0, 4.0):
    try:
        y = (
            ms.nn.BatchNorm1d(1, eps=eps)
            .set_train()(ms.Tensor(np.array([[-1.0], [1.0]], "float32")))
            .asnumpy()
        )
        print("eps", eps, "gives", y.ravel().tolist())
    except ValueError as error:
        print("eps", eps, "raises", str(error).splitlines()[0])
