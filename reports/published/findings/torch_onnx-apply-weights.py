"""PyTorch's export to ONNX: weights that are equal when a layer is exported are one weight ever after.

Promised: ONNXProgram.apply_weights applies "the weights from the specified state dict to the ONNX model. Use this
    method to replace FakeTensors or other weights."
    https://docs.pytorch.org/docs/stable/onnx_export.html#torch.onnx.ONNXProgram.apply_weights
Happens: the export merges equal tensors. Of a fresh batch norm gamma and the running variance are all ones, beta and
    the running mean all zeros, and so the model has two weights instead of four: what is applied as gamma is the
    variance as well, and the statistics are skipped. A warning tells of them, as it does of num_batches_tracked
    after each sound call.
Harm: the model computes something else than the layer that its weights are of.
"""

import logging
import warnings

import onnxruntime
import torch

logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # about torchvision
warnings.simplefilter("ignore")

x = torch.tensor([[2.0], [4.0]])
weights = ("weight", "bias", "running_mean", "running_var")
trained = dict(zip(weights, torch.tensor([[2.0], [3.0], [5.0], [7.0]]), strict=True))
for exported in ([1.0, 0.0, 0.0, 1.0], [1.0, 0.1, 0.2, 0.3]):
    layer = torch.nn.BatchNorm1d(1).eval()
    layer.load_state_dict(dict(zip(weights, torch.tensor(exported)[:, None], strict=True)), strict=False)
    program = torch.onnx.export(layer, (x,), dynamo=True, verbose=False)
    program.apply_weights(trained)
    layer.load_state_dict(trained, strict=False)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    (y,) = session.run(None, {"input": x.numpy()})
    print(f"exported with {exported}: model {y.ravel()}, layer {layer(x).detach().numpy().ravel()}")
