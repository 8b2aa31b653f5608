# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Repeating the batch repeats the output.
# Seen: y[1, 0] with the batch twice over is -0.99998951, exactly -0.99998945; it may be off by
# 7.7e-15 and is off by 6e-08, 7.78e+06 times the bound; values beyond their bounds: 4 of 4
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
x = np.array([[0.7947199674935816], [-0.5860101709090517]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [0.7947199674935816],
    [-0.5860101709090517],
    [0.7947199674935816],
    [-0.5860101709090517],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", -0.9999894499778748)
