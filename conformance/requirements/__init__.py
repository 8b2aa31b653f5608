"""The catalogue, one module for each group. A new requirement is one function in one of them.

Sources: [Q] the question what the dimensions of gamma and beta are; [P] Ioffe and Szegedy 2015; [S] the
StableHLO specification; [O] ONNX BatchNormalization; [K] Keras, [T] PyTorch documentation; [F] Flax, [J] JAX
documentation; [N] the derivation of the error bounds (reference/error_bounds.py).
"""

#: The order in which groups are shown; any other group follows.
GROUPS = (
    "shape",
    "forward",
    "identity",
    "gradient",
    "derivative",
    "invariance",
    "running",
    "degenerate",
    "numerics",
    "purity",
    "saved",
    "mixed",
    "mask",
    "replica",
    "compiled",
    "session",
)
