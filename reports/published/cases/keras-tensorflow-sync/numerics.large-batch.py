# Keras (TensorFlow), synchronized 3.15.1, tensorflow 2.21.0
# Required: The error does not grow faster than sqrt(m), to m = 10^6, on constant features too.
# Seen: y[0, 0] is -0.00131225586, exactly 0; it may be off by 0.00039 and is off by 0.0013, 3.33
# times the bound; 449 of 898 values are beyond theirs
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
    b"eNpVl2s81ekWx2u3XXKZlDpTNNqhKRlb7cYpiTRIOnYaalcKMVPTlcpkGjU5IykURhdy7ESU28zkMsYpJSWRy+hCscul"
    b"HGNoamuIhJnZv19vzqvvZ63nedZ/Pet5nrXWX/1Zu73JNzEl6n9TfPSHxSo+i14Kuk9bQZ5KWqTiDedEzGtonWevYurb"
    b"CowXBF23U/Fs/hXIjbf1wZgtephXlmWHcceMZOi9l1uCU6a/Aq/nCDFvWu9syEk+muDq+QuhFzQuh3wy9AjY4xIO9r9b"
    b"PyIyxLy4UVmQxx+rA3dPDQQnRIWB6vJEcMajYXBtkRT7WaddCP+qFcXQp/jS7zDxf+jnmgiwyvefV1X8qEkf4+XN0Vgn"
    b"d7iA8ffrs8EVC3rBH9P5vbCajeDWXKNrKs418Aadhzugn+dYBd584G+r4vLpFrA7+gjjsXm0FeTFRve534sRmBd+6wT8"
    b"j82Qw683yw9i3gyfG+CANBZs86xl3I1bQIn8Y/hfEUo/HxQVgosCZ0B/XvYYdtcbfga6JlqArxquYp7Cmefl9nwI9qPV"
    b"MjBuK/4QFDm8z/NUhmF82tyj0AdUdGP9G8lMjJ/ZGQ3Z58CBKyquajeD3liYgnVq2t9CHnDLgtxRk1CsYqjYl+eqsIRd"
    b"81r6fSg+BvrOjgKwrDEHDDC7jfXz/h0EOdBLiHWP2nnfR4fzvlR2xyOOuZtseQ9t8sA2TStwcs8H+M5IvClk210hYN9z"
    b"ns+uH0UYVxbz3aQV8N5tlrqC88VR4OuW/4L+A/7gW9EXoPkLEfxqtK2DPQ3hJMj763gfzR4NYN69jnv0T/sTsNRpFfii"
    b"3xw0KdsCfuDwAvfsjugN6C024D0weQ4u2aILHha2Yt8jPTvw3eZ02l+v8RiM0NmPuJsr1/O9b5gPSiPHw+64dhnkmUEy"
    b"+Dvm/i7I7Rn+8Ntz9VPYFS+Lhf6jXMbp6sbjmL80PfBd3lCH3i/2V9j9Qm0r1m32aQOvv1LD/KiAsZif3ZvAc6sJBv+l"
    b"pot1Oq2rYOe5wBhUexoA/eCLTNjZ9+VrUN3lAe998x/gn0X/wPyEZMbxl5OTEJcs4SjorYe+hD58aifWh7xk3PW+H4fx"
    b"SMc4yOmy3eDLg8wbehnhmN/5mO81L8Ia8ytvMm+0DE7HeFhyNr5X9taY98TTleeuHw85odAFcsPOfcxvTi7gjszx0Idm"
    b"7UBeaFpjznvqfBfjdr9/i+8+EZ3AuEzBd3kztATjAns59ANzaiD7ukbivD23TYGdW6ZjQf11WqCtdR/WD5Yfw/zYWbxP"
    b"/7v8mnlyyS2857kK5tUhbWvuU8F8djz+Ddhg2IHxkRVFkE01T+CceuwE+I697Br0Ib+thJx5gfuq1gvCugmGARjvamEe"
    b"cdJhnuoyXAg5WFGFeV8F7MY6uRPvu5+7Ec8l6ib3n98EGqVrYF72GK5fI6/BeXy2h++z+/PDsB/toAF5X3AaxhuLmNea"
    b"klgX3Qf5Ph57jUMcOnKZX3N8R2N8y3HSV0y/y3degJ+XbFhX1lozHqf9z4Fq7qxDPwlz6e8NAc+1lvnSwPIe4qabrw35"
    b"wdFE2Hu22ATyhxqzQB81R6w7sIrfDfztPOad0pLwfl9KpZ/69WCeDuupmZJ1zELGvPd6cg/raOlPYIUR741MoI74VEfy"
    b"u7mR1cxXxZaQN95h/dkjVYK95vRLva6fdXfRU8QzUasCfm2QeEDfen8T5JgFrKM2k5MhR5jwfcyRMO9rhupAzvp5DChN"
    b"bkVctDKY92s7+3DPG+rPQNZ+VAo7ZTsn8/333oH/I1bMU35C1pUhnRnQn94qYn3Zy319+j3fl8cF1v3vhkO5LwsJGHRw"
    b"AtafTMnFvva6NkOff43nYGORD8Z15MGv287nIetq/gG/bLuYd1scmY/j6phnkvM6WUftJrHeeHbAvxKxFfYrDT2C9TV6"
    b"2yEbf/o17GQK2TeZ2thgXX3aKfYtu1mnlunSvouA/URE50Po6wpnMf80vwTFVcyT2ysZ57Cx8fhO8ibWAf02C+xnuIty"
    b"UnUm+7l+vueo2cxnpkuZf4I3jWMeqToEO8t+YfylEr67qvJt8McnxALypa+9wUGPZvZJbXdBN/VCrG+61I54aMr4/bbc"
    b"eozHOfI7kVPMwGMu4ZgnGaBf383n+/e70QX/V85mfW4bYNy21/E97NnL/Zc0vesrn1nCP6+1vGdX71nBbswT9g8S5R1w"
    b"4pEy8PLpLnCBD+9tTjfv0bkxzOfTTTeASv8lsPNJlhPkE6WsdwcuDrKvXMz99X88kfnP5DTzcLEX88auYMSjL+Fz8EzM"
    b"FexLUF6JeATPZB98dtJKsPjiu/c5eIh18TLz2H4H3nsv9yTmAzf2HYptrIuvDATsQ/cxb4VUr+X4E3Mb7E/BfiDmK76T"
    b"Ww+X4fvHzzRCrk8sBeVp7AtyUllP9huyL3Pe7AcOl6Qgn7qtZD+kbOF/gTSbfXtqZyrOQX6bfUtf+RrmzYe8p0EV7Ftr"
    b"7RoQB9O7U1knG9jfeQgpmwcnYD+Rc3hOv5rp/l8+9vFlHvb05PtJsUiDvamGrJcF8UeZT0T0+73feS7p92nHu5jvqncd"
    b"/4O6KhmPqIWWOKe9qdrsp9oOsy/cyu85+BYwL3o44TtaIzz/Od3sMyxfDvF9KvmOPY6tZl8+k3mzTNGK9d6B7PcKR01k"
    b"njaYaP8XUuDENQ=="
)), np.float32).reshape((449, 2)).copy()
y = layer(keras.ops.convert_to_tensor(x, "float32"), training=True)
print("y[0, 0] is", float(y[0, 0]), "and should be", 0.0)
