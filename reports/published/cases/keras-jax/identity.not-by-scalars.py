# Keras (JAX) 3.15.1, jax 0.10.2
# Required: With one scalar pair per layer the best reachable error on features of different mean
# and variance is the known residual; with n-vectors it is zero.
# Seen: the root mean square of y - x under the best scalar gamma and beta, [0] is 0.632407932,
# exactly 0.632407753; it may be off by 9.7e-15 and is off by 1.8e-07, 1.84e+07 times the bound; 1
# of 1 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
import jax
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float64"
)
layer.build((2, 2))
try:
    layer.gamma.assign(np.array([0.132341350075035, 0.7224964366571609], np.float64))
except Exception as error:
    print("raised", repr(error))
try:
    layer.beta.assign(np.array([1.9813291161642446, 0.8625896341554877], np.float64))
except Exception as error:
    print("raised", repr(error))
x = np.array([
    [2.1136326797582874, 1.5850791503301482],
    [1.8490255525702015, 0.14010011798082728],
], np.float64)
try:
    y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
    print("y =", y)
except Exception as error:
    print("raised", repr(error))
try:
    layer.gamma.assign(np.array([0.4275003303443849, 0.4275003303443849], np.float64))
except Exception as error:
    print("raised", repr(error))
try:
    layer.beta.assign(np.array([1.421959375159866, 1.421959375159866], np.float64))
except Exception as error:
    print("raised", repr(error))
try:
    y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
    print("y =", y)
except Exception as error:
    print("raised", repr(error))
