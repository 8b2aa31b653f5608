# OpenVINO BatchNormInference 2026.4.1
# Required: Changing gamma[k] or beta[k] changes feature k of the output, by the amount the
# definition says, and no other feature: gamma and beta act as n-vectors.
# Seen: the change of y[0, 0] when beta[0] grows by 1 is 1.00000012, exactly 1; it may be off by
# 6e-15 and is off by 1.2e-07, 1.99e+07 times the bound; values beyond their bounds: 1 of 4
import numpy as np
import openvino as ov
from openvino import opset15

layer = {"gamma": 1, "beta": 0, "mean": 0, "variance": 1}
layer = {name: np.full(2, value, "float64") for name, value in layer.items()}
try:
    layer["gamma"] = np.asarray(np.array([1.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
try:
    layer["beta"] = np.asarray(np.array([0.0, 0.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
layer["mean"] = np.asarray(np.array([0.6327894972297581, 0.8645982379975068], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427, 2.671010034245436], np.float64), "float64")
x = np.array([
    [3.1136326797582874, 1.5850791503301482],
    [-2.8490255525702013, 0.14010011798082728],
], np.float64)
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y =", y)
try:
    layer["gamma"] = np.asarray(np.array([2.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
layer["mean"] = np.asarray(np.array([0.6327894972297581, 0.8645982379975068], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427, 2.671010034245436], np.float64), "float64")
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y =", y)
try:
    layer["gamma"] = np.asarray(np.array([1.0, 1.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
try:
    layer["beta"] = np.asarray(np.array([1.0, 0.0], np.float64), "float64")
except Exception as error:
    print("raised", repr(error))
layer["mean"] = np.asarray(np.array([0.6327894972297581, 0.8645982379975068], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427, 2.671010034245436], np.float64), "float64")
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y =", y)
