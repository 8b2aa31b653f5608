"""DeZero's gradients of a float32 layer are float64, with NumPy 2: they are divided by the batch size as an array."""

import numpy as np

np.int = int  # DeZero still asks for it, and NumPy has it no more.

import dezero
from dezero.functions import batch_nrom

given = [np.ones((4, 3), np.float32), np.ones(3, np.float32), np.zeros(3, np.float32)]
x, gamma, beta = map(dezero.Variable, given)
y = batch_nrom(x, gamma, beta, np.zeros(3, np.float32), np.ones(3, np.float32))
y.grad = dezero.Variable(np.ones((4, 3), np.float32))
y.backward()
print("y is", y.dtype, "and dx", x.grad.dtype)
