# Keras (JAX) 3.15.1, jax 0.10.2
# Required: Permuting the samples permutes the output alike.
# Seen: y[4, 0] with the samples in another order is 0.120222688, exactly 0.120222569; it may be off
# by 4.9e-15 and is off by 1.2e-07, 2.42e+07 times the bound; values beyond their bounds: 5 of 8
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
    [4.353660838879561],
    [2.291300415088602],
    [-0.9233114600753263],
    [-2.142216844205821],
    [4.695546355989537],
    [1.6998194416098404],
    [2.336388285542345],
    [-0.9942468904961035],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
x2 = np.array([
    [2.291300415088602],
    [4.353660838879561],
    [-0.9942468904961035],
    [2.336388285542345],
    [1.6998194416098404],
    [4.695546355989537],
    [-2.142216844205821],
    [-0.9233114600753263],
], np.float64)
y = layer(keras.ops.convert_to_tensor(x2, "float64"), training=True)
print("y[4, 0] is", float(y[4, 0]), "and should be", 0.12022256851196289)
