# Keras (JAX) 3.15.1, jax 0.10.2
# Required: gamma = sqrt(var + epsilon), beta = mean give back x, in training.
# Seen: y[0, 0], which should be x[0, 0], is 3.11363316, exactly 3.11363268; it may be off by
# 7.8e-15 and is off by 4.8e-07, 6.1e+07 times the bound; values beyond their bounds: 2 of 2
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
layer.gamma.assign(np.array([2.981330793268113], np.float64))
layer.beta.assign(np.array([0.13230356359404305], np.float64))
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 3.1136326797582874)
