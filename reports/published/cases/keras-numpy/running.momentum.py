# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: momentum is the weight kept (Keras, ONNX) or the weight of the new batch (PyTorch),
# always the same.
# Seen: no convention in use explains the running statistics. Closest is: momentum is the weight
# kept, biased variance; there, after 4 steps, running variance [0] is 0.00184103067, exactly
# 0.00184110334; it may be off by 6.3e-09 and is off by 7.3e-08, 11.5 times the bound; 1 of 1 values
# are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.1, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((2, 1))
x = np.array([[1.000013], [0.23339525]], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
x2 = np.array([[1.001736], [1.0026244], [1.1077797]], np.float32)
y = layer(keras.ops.convert_to_tensor(x2, "float32"), training=True)
x3 = np.array([[1.2971817], [0.97530603], [1.0], [0.9992315]], np.float32)
y = layer(keras.ops.convert_to_tensor(x3, "float32"), training=True)
x4 = np.array([[0.9979412], [1.0000331]], np.float32)
y = layer(keras.ops.convert_to_tensor(x4, "float32"), training=True)
running_var = np.ravel(keras.ops.convert_to_numpy(layer.moving_variance))
print("running_var[0] is", float(running_var[0]), "and should be", 0.0018411033432124135)
