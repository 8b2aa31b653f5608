# Keras (PyTorch) 3.15.1, torch 2.13.0+cpu
# Required: Every output is that of the definition, whatever came before, however large and wherever
# in memory x is.
# Seen: y[0, 0, 0] in training is nan, exactly -1.56089578; any finite number would do; values
# beyond their bounds: 30 of 60
import os

os.environ["KERAS_BACKEND"] = "torch"
import torch
import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.5, epsilon=0.01, center=True, scale=True, dtype="float32"
)
layer.build((15, 2, 2))
layer.gamma.assign(np.array([1.0, 0.16074117], np.float32))
layer.beta.assign(np.array([0.0, 1.2622753], np.float32))
x = np.array([
    [[99998.945, 99999.21], [6.1875, 6.3125]],
    [[100002.36, 100000.33], [6.1875, 6.3125]],
    [[99999.9, 100001.95], [6.3125, 6.1875]],
    [[99998.78, 100001.02], [6.3125, 6.3125]],
    [[99999.48, 99999.12], [6.1875, 6.3125]],
    [[100002.02, 100000.01], [6.3125, 6.1875]],
    [[100002.05, 100000.48], [6.3125, 6.3125]],
    [[99999.69, 100001.27], [6.3125, 6.3125]],
    [[100000.875, 100000.12], [6.1875, 6.3125]],
    [[100000.94, 99999.82], [6.3125, 6.3125]],
    [[100000.055, 100000.1], [6.1875, 6.3125]],
    [[100001.14, 99999.63], [6.3125, 6.1875]],
    [[100000.27, 100000.05], [6.3125, 6.1875]],
    [[100000.6, 100001.12], [6.1875, 6.1875]],
    [[100000.445, 99999.984], [6.1875, 6.3125]],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0, 0] is", float(y[0, 0, 0]), "and should be", -1.5608957754247894)
