"""LiteRT: the error of the mean grows with the batch.

Promised: the mean of `tf.nn.moments`, which the converter makes the operation MEAN.
    https://ai.google.dev/edge/litert/conversion/tensorflow/convert_tf
Happens: MEAN adds up float32 one value after the other, so that on constant features the roundings all go the same
    way.
Harm: a feature that hardly varies is shifted by what should be no more than 1e-6.
"""

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter


def mean(x):
    return tf.nn.moments(x, [0])[0]


traced = tf.function(mean).get_concrete_function(tf.TensorSpec([None, 2], tf.float32))
program = Interpreter(model_content=tf.lite.TFLiteConverter.from_concrete_functions([traced]).convert())
for n in (10**4, 10**5, 10**6, 10**7):
    program.resize_tensor_input(program.get_input_details()[0]["index"], (n, 2))
    program.allocate_tensors()
    program.set_tensor(program.get_input_details()[0]["index"], np.full((n, 2), 0.1, "float32"))
    program.invoke()
    print(
        f"N = {n:>10,}: mean {program.get_tensor(program.get_output_details()[0]['index'])[0]:.6f}, exactly 0.1"
    )
