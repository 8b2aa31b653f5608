# Keras (JAX) 3.15.1, jax 0.10.2
# Required: A NaN in one feature does not reach another feature, nor, in inference, another element.
# Seen: y[0, 0] in inference, with a NaN in feature 0, is 1.88129091, exactly 1.88129086; it may be
# off by 2.7e-15 and is off by 5.7e-08, 2.08e+07 times the bound; values beyond their bounds: 1 of 2
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
x = np.array([[3.1136326797582874], [np.nan]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
layer.gamma.assign(np.array([1.0], np.float64))
layer.beta.assign(np.array([0.0], np.float64))
layer.moving_mean.assign(np.array([0.6327894972297581], np.float64))
layer.moving_variance.assign(np.array([1.7389385645548427], np.float64))
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=False)
print("y[0, 0] is", float(y[0, 0]), "and should be", 1.881290855859669)
