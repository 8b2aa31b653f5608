# OpenVINO BatchNormInference 2026.4.1
# Required: Where float64 is declared, results are good to float64, forward and backward.
# Seen: y[1, 0] is -2.64035487, exactly -2.64035505; it may be off by 3.2e-15 and is off by 1.7e-07,
# 5.4e+07 times the bound; values beyond their bounds: 2 of 2
import numpy as np
import openvino as ov
from openvino import opset15

layer = {"gamma": 1, "beta": 0, "mean": 0, "variance": 1}
layer = {name: np.full(1, value, "float64") for name, value in layer.items()}
layer["gamma"] = np.asarray(np.array([1.0], np.float64), "float64")
layer["beta"] = np.asarray(np.array([0.0], np.float64), "float64")
layer["mean"] = np.asarray(np.array([0.6327894972297581], np.float64), "float64")
layer["variance"] = np.asarray(np.array([1.7389385645548427], np.float64), "float64")
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
inputs = [np.asarray(each, "float64") for each in (x, *layer.values())]
nodes = [opset15.parameter(each.shape, each.dtype) for each in inputs]
model = ov.Model([opset15.batch_norm_inference(*nodes, 1e-05)], nodes)
y = ov.Core().compile_model(model, "CPU")(inputs)[0]
print("y[1, 0] is", float(y[1, 0]), "and should be", -2.640355045862684)
