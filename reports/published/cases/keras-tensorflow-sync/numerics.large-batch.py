# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00131225586, exactly 0; it may be off by 0.00039 and is off by 0.0013, 3.33
# times the bound; values beyond their bounds: 449 of 898
import base64
import zlib
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.1, epsilon=0.001, center=True, scale=True, dtype="float32", synchronized=True
)
layer.build((449, 2))
layer.gamma.assign(np.array([1.0, 1.0], np.float32))
layer.beta.assign(np.array([0.0, 0.0], np.float32))
x = np.frombuffer(zlib.decompress(base64.b64decode(
    b"eNrtxTEBACAIALCPWpKCtqSRCAQwiNuzuJPbdcK2bdu2/cUPJ8qV/Q=="
)), np.float32).reshape((449, 2)).copy()
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
