# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Adding a constant to a feature changes nothing in training.
# Seen: y, with a constant added to x,[1, 0] is -0.999713898, exactly -0.999714851; it may be off by
# 1.9e-13 and is off by 9.5e-07, 5.03e+06 times the bound; 1 of 2 values are beyond theirs
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
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([[2.1136326797582874], [1.8490255525702015]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([[6.113632679758288], [5.849025552570201]], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9997148513793945)
