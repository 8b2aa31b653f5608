# Keras (JAX) 3.15.1, jax 0.10.2
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[4, 0] is 0.521974921, exactly 0.521974961; it may be off by 1.8e-15 and is off by 4e-08,
# 2.2e+07 times the bound; values beyond their bounds: 8 of 8
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((8, 1))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [2.1136326797582874],
    [1.8490255525702015],
    [-2.256666416508379],
    [-0.5853230169630979],
    [0.985325900502019],
    [0.19340740678809545],
    [0.7619744390690872],
    [-0.9412423319692855],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[4, 0] is", float(y[4, 0]), "and should be", 0.5219749612903105)
