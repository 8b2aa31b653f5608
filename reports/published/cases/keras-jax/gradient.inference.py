# Keras (JAX) 3.15.1, jax 0.10.2
# Required: With fixed statistics dx = gamma / s dy, dgamma = sum(dy xhat), dbeta = sum(dy).
# Seen: the gradient dx[0, 0] is -1.19609618, exactly -1.19609629; it may be off by 1.5e-15 and is
# off by 1.1e-07, 7.35e+07 times the bound; values beyond their bounds: 2 of 2
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
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
dy = np.array([[-1.5772825959433638], [-0.14163299986026284]], np.float64)
state = [each.value for each in layer.non_trainable_variables]
y, back = jax.vjp(
    lambda affine, t: layer.stateless_call(affine, state, t, training=False)[0],
    [layer.gamma.value, layer.beta.value],
    keras.ops.convert_to_tensor(x, "float64"),
)
(dgamma, dbeta), dx = back(keras.ops.convert_to_tensor(dy, "float64"))
print("dx[0, 0] is", float(dx[0, 0]), "and should be", -1.1960962892585927)
