# Keras (JAX) 3.15.1, jax 0.10.2
# Required: After each of k training calls both statistics are an average of the batches' under one
# of the known conventions, the same one every time: exponential moving, zero-debiased exponential
# moving, cumulative.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 1.78883219, exactly 1.78883233; it may be off by 9e-15 and is off by 1.4e-07, 1.58e+07 times the
# bound; values beyond their bounds: 1 of 1
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
x = np.array([[3.1136326797582874], [-2.8490255525702013]], np.float64)
y = layer(keras.ops.convert_to_tensor(x, "float64"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 1.788832329888867)
