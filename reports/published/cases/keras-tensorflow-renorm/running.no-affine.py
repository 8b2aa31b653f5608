# Keras (TensorFlow), renorm 3.15.1, tensorflow 2.21.0
# Required: A layer with neither gamma nor beta keeps its statistics like any other.
# Seen: no convention in use explains the running statistics. The closest is: momentum is the weight
# kept, biased variance; by it, after 1 training call, the running variance of feature 0 is
# 1.43551266, exactly 1.78883231; it may be off by 4.4e-06 and is off by 0.35, 8.08e+04 times the
# bound; values beyond their bounds: 1 of 1
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=False, scale=False, dtype="float32",
    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
)
layer.build((2, 1))
x = np.array([[3.1136327], [-2.8490255]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 1.7888323103781216)
