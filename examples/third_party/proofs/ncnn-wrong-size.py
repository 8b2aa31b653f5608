"""ncnn: a layer of one feature takes a sample of two, for the second of which it holds no gamma."""

import ncnn
import numpy as np

net = ncnn.Net()
net.load_param_mem("7767517\n2 2\nInput x 0 1 x\nBatchNorm y 1 1 x y 0=1 1=1e-5\n")
weights = np.array([1, 0, 1, 0], np.float32).tobytes()  # gamma, mean, variance, beta
net.load_model_mem(weights)
extractor = net.create_extractor()
extractor.input("x", ncnn.Mat(np.ones(2, np.float32)).clone())
print("of one feature, y has", np.array(extractor.extract("y")[1]).size)
