# Keras (NumPy) 3.15.1, numpy 2.4.6
# Required: The bound holds for every kappa up to 1e6: the error grows like kappa, not like kappa^2.
# Seen: y[1, 0] is 1.77474976, exactly 1.77481802; it may be off by 3.8e-05 and is off by 6.8e-05,
# 1.8 times the bound; 5 of 8 values are beyond theirs
import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

layer = keras.layers.BatchNormalization(
    axis=1, momentum=0.9, epsilon=1e-05, center=True, scale=True, dtype="float32"
)
layer.build((8, 1))
layer.gamma.assign(np.array([1.0], np.float32))
layer.beta.assign(np.array([0.0], np.float32))
x = np.array([
    [29.128292],
    [31.348461],
    [30.308718],
    [29.892698],
    [30.792368],
    [29.983297],
    [29.094965],
    [29.103977],
], np.float32)
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[1, 0] is", float(y[1, 0]), "and should be", 1.7748180198018242)
