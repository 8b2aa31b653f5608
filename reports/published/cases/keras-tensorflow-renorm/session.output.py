# Keras (TensorFlow), renorm 3.15.1, tensorflow 2.21.0
# Required: Every output is that of the definition, whatever came before, however large and wherever
# in memory x is.
# Seen: y[0, 0] in training is nan, exactly 0.999999437; it may be off by 1.4e-06; values beyond
# their bounds: 2 of 2
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32",
    renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([[0.028120454], [np.nan]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.9999994374646687)
