# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Permuting the places of an image permutes the output alike.
# Seen: y, with the places in another order,[0, 0, 0, 1] is -0.71028924, exactly -0.710289478; it
# may be off by 1.3e-14 and is off by 2.4e-07, 1.79e+07 times the bound; 9 of 12 values are beyond
# theirs
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.5, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 1, 3, 2))
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x = np.array([
    [[[-1.4634264728983906, -1.4053619644652877], [0.4341491488532446, -0.5551146723390485],
     [-0.9322564726760425, -1.3169041084226867]]],
    [[[0.2787202120780616, -0.24750756553300274], [-1.6421393568422415, -0.9833437256579213],
     [-1.3824744522654393, -0.9633105452335736]]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
x2 = np.array([
    [[[-0.9322564726760425, -1.3169041084226867], [0.4341491488532446, -0.5551146723390485],
     [-1.4634264728983906, -1.4053619644652877]]],
    [[[-1.3824744522654393, -0.9633105452335736], [-1.6421393568422415, -0.9833437256579213],
     [0.2787202120780616, -0.24750756553300274]]],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[0, 0, 0, 1] is", float(y[0, 0, 0, 1]), "and should be", -0.710289478302002)
