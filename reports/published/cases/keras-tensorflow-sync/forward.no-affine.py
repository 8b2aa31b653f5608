# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: scale=False is gamma 1, center=False is beta 0.
# Seen: with scale=True and center=False, y[0, 0] is 0.406356812, exactly 0.40619382; it may be off
# by 0.00014 and is off by 0.00016, 1.19 times the bound; 2 of 2 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=False, scale=True, dtype="float32", synchronized=True
)
layer.build((2, 1))
layer.gamma.assign(np.array([1.0], np.float32))
x = np.array([[0.4968222], [0.49401084]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.4061938201772527)
