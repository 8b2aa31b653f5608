# OpenVINO BatchNormInference 2026.4.1
# Required: An infinity in one feature does not reach another feature, nor, in inference, another
# element.
# Seen: y[0, 0] in inference, with an infinity in feature 0, is 1.88129079, exactly 1.88129086; it
# may be off by 2.7e-15 and is off by 6.2e-08, 2.29e+07 times the bound; values beyond their bounds:
# 1 of 2
import numpy as np
import openvino as ov
from openvino import opset15

layer = {"gamma": 1, "beta": 0, "mean": 0, "variance": 1}
layer = {name: np.full(1, value, "float64") for name, value in layer.items()}
layer["gamma"] = np.asarray(np.array([1.0], np.float64), "float64")
layer["beta"] = np.asarray(np.array([0.0], np.float64), "float64")
layer["mean"] = np.asarray(np.array([0.6327894972297581], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427], np.float64), "float64")
layer["gamma"] = np.asarray(np.array([1.0], np.float64), "float64")
layer["beta"] = np.asarray(np.array([0.0], np.float64), "float64")
layer["mean"] = np.asarray(np.array([0.6327894972297581], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427], np.float64), "float64")
x = np.array([[3.1136326797582874], [np.inf]], np.float64)
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.881290855859669)
