"""MyGrad: nnet.layers.batchnorm, a function that normalises by the statistics of the batch."""

import mygrad
from mygrad.nnet.layers import batchnorm

from conformance import batch_norm


def gradient(dy, x, gamma=None, beta=None, *, epsilon):
    given = [None if each is None else mygrad.tensor(each) for each in (x, gamma, beta)]
    batchnorm(given[0], gamma=given[1], beta=given[2], eps=epsilon).backward(dy)
    return tuple(None if each is None else each.grad for each in given)


@batch_norm(dtypes=("float32", "float64"), axes=(1,), gradient=gradient)
def mygrad_batchnorm(x, gamma=None, beta=None, *, epsilon):
    return batchnorm(x, gamma=gamma, beta=beta, eps=epsilon).data
