"""OpenCV: the batch norm of its module dnn, inference of a model in ONNX."""

import cv2
import numpy as np
import onnx.helper as make
from sharing import Held

from conformance import Capabilities

NAMES = ("gamma", "beta", "running_mean", "running_var")


class Layer(Held):
    def __init__(self, config):
        self.config, n = config, config.input_shape[1]
        self.held = {name: np.full(n, name in ("gamma", "running_var"), "float32") for name in NAMES}

    def forward(self, x, *, training):
        ends = [make.make_tensor_value_info(name, 1, x.shape) for name in "xy"]
        constants = [make.make_tensor(name, 1, value.shape, value) for name, value in self.held.items()]
        node = make.make_node("BatchNormalization", ["x", *NAMES], ["y"], epsilon=self.config.epsilon)
        graph = make.make_graph([node], "g", ends[:1], ends[1:], constants)
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 15)], ir_version=8)
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
        net.setInput(np.ascontiguousarray(x))
        return net.forward()


class OpenCVBatchNorm:
    name, version = "OpenCV dnn", cv2.__version__
    capabilities = Capabilities(
        ranks=(2, 3, 4, 5), axes=(1,), affine="always", training=False, parameters=False, running=False
    )
    build = staticmethod(Layer)
