# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Adding a constant to a feature changes nothing in training.
# Seen: y[0, 0] with a constant added to x is 0.999999404, exactly 0.999999464; it may be off by
# 1.1e-14 and is off by 6e-08, 5.49e+06 times the bound; values beyond their bounds: 1 of 2
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
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([[7.113632679758288], [1.1509744474297987]], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.999999463558197)
