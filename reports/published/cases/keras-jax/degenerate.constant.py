# Keras (JAX) 3.15.1, jax 0.10.2
# Required: A constant feature gives beta, within the bound.
# Seen: y[0, 0] is 0.224090576, exactly 0.224091473; it may be off by 5.4e-13 and is off by 9e-07,
# 1.67e+06 times the bound; values beyond their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.22409147337472826], np.float64))
x = np.array([[0.9568354407428543], [0.9568354407428543]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.22409147337472826)
