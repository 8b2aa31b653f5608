# OpenVINO BatchNormInference 2026.4.1-22982-e213a147257-releases/2026/4
# Required: Every feature axis and rank it supports gives the same numbers: features first, channels
# first, channels last.
# Seen: for shape (1, 2), axis 0, y[0, 1] is 0.922304928, exactly 0.922304878; it may be off by
# 1.6e-15 and is off by 5e-08, 3.22e+07 times the bound; 2 of 2 values are beyond theirs
import numpy as np
import openvino as ov
from openvino import opset15

layer = {"gamma": 1, "beta": 0, "mean": 0, "variance": 1}
layer = {name: np.full(1, value, "float64") for name, value in layer.items()}
layer["gamma"] = np.asarray(np.array([1.0], np.float64), "float64")
layer["beta"] = np.asarray(np.array([0.0], np.float64), "float64")
layer["mean"] = np.asarray(np.array([0.6327894972297581], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427], np.float64), "float64")
x = np.array([[2.1136326797582874, 1.8490255525702015]], np.float64)
x = np.moveaxis(x, 0, 1)
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y[1, 0] is", float(y[1, 0]), "and should be", 0.9223048782739809)
