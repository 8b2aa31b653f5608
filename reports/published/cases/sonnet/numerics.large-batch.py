# Sonnet 2.0.2, tensorflow 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00131225586, exactly 0; it may be off by 0.00039 and is off by 0.0013, 3.33
# times the bound; values beyond their bounds: 449 of 898
import base64
import zlib
import numpy as np
import sonnet as snt
import tensorflow as tf

layer = snt.BatchNorm(
    create_scale=True,
    create_offset=True,
    decay_rate=0.1,
    eps=0.001,
    data_format="channels_first" if 1 % len((449, 2)) == 1 else "channels_last",
)
layer(tf.zeros((449, 2), "float32"), is_training=False)
layer.scale.assign(tf.reshape(np.array([1.0, 1.0], np.float32), layer.scale.shape))
layer.offset.assign(tf.reshape(np.array([0.0, 0.0], np.float32), layer.offset.shape))
x = np.frombuffer(zlib.decompress(base64.b64decode(
    b"eNrtxTEBACAIALCPWpKCtqSRCAQwiNuzuJPbdcK2bdu2/cUPJ8qV/Q=="
)), np.float32).reshape((449, 2)).copy()
y = layer(tf.constant(x, "float32"), is_training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
