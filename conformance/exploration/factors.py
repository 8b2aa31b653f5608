"""The table of factors: what can vary in a use of batch norm, with its levels, and which levels do not go together.

A new factor or level goes here; :mod:`conformance.exploration.session` says what calls it makes. Rows that cover
every pair, what is said of a failure and the printed table follow from the table by themselves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from conformance.exploration.factor import Constraint, Factor, Level, Row
from conformance.exploration.shapes import FORMS
from conformance.implementation import DTYPES, Capabilities

#: Values per feature from which a batch is long: what goes with those is limited, since each takes long to judge.
LONG = 4096
_MOST = 1 << 14  # values in one batch that is not long


def _can(*names: str) -> Callable[[Capabilities], bool]:
    return lambda can: all(getattr(can, name) for name in names)


def _freezes(what: str) -> Callable[[Capabilities], bool]:
    return lambda can: what in can.frozen


def _form(form: Any) -> Level:
    return Level(
        form.name, form, f"x is {form.name}", form.groups, lambda can: can.takes(form.shape(12, 3), form.axis)
    )


def _numbers(symbol: str, plain: int, others: tuple[int, ...]) -> tuple[Level, ...]:
    return tuple(Level(f"{each:,}", each, symbol) for each in (plain, *others))


def _layouts(array: str, *names: str) -> tuple[Level, ...]:
    """How an array can lie in memory."""
    says = {
        "contiguous": "is contiguous",
        "permuted": "lies in memory with its axes permuted",
        "strided": "is strided",
        "negative": "has negative strides",
        "offset": "starts inside its storage",
        "broadcast": "has a stride of zero",
        "misaligned": "is misaligned",
        "read-only": "is read-only",
    }
    whole = {"contiguous", "offset", "misaligned", "read-only"}
    return tuple(
        Level(
            name,
            name,
            f"{array} {says[name]}",
            () if name in whole else (f"{array} is not contiguous",),
            _can() if name == "contiguous" else _can("views"),
        )
        for name in names
    )


_HALF = ("float16", "bfloat16")
_MEMORY = ("contiguous", "permuted", "strided", "negative", "offset", "broadcast", "misaligned", "read-only")
_TRAINING, _INFERENCE = _can("training"), _can("inference")
_AFTER_TRAINING = ("a training call came before",)

FACTORS: tuple[Factor, ...] = (
    Factor(
        "call",
        "the calls that are looked at",
        (
            Level("training", says="it is a training call", declared=_TRAINING),
            Level("inference", says="it is an inference call", declared=_INFERENCE),
            Level(
                "training, backward", says="backward follows training", declared=_can("gradients_in_training")
            ),
            Level(
                "inference, backward",
                says="backward follows inference",
                declared=_can("gradients_in_inference"),
            ),
            Level(
                "training, backward twice",
                says="backward is called twice",
                declared=_can("gradients_in_training"),
            ),
            Level("load", says="everything is loaded", declared=_can("running", "inference")),
            Level("load gamma", says="gamma alone is loaded"),
            Level(
                "load statistics",
                says="the statistics alone are loaded",
                declared=_can("running", "inference"),
            ),
            Level("empty batch", says="the batch is empty", declared=_TRAINING),
            Level("a NaN", says="one feature has a NaN", declared=_TRAINING),
            Level("a NaN in inference", says="one feature has a NaN in inference", declared=_INFERENCE),
            Level("one value", says="there is one value per feature", declared=_TRAINING),
        ),
    ),
    Factor(
        "history",
        "what came before them",
        (
            Level("nothing", says="nothing came before"),
            Level("1 training call", 1, "one training call came before", _AFTER_TRAINING, _TRAINING),
            Level("2 training calls", 2, "two training calls came before", _AFTER_TRAINING, _TRAINING),
            Level("7 training calls", 7, "seven training calls came before", _AFTER_TRAINING, _TRAINING),
            Level("inference", says="an inference call came before", declared=_INFERENCE),
            Level(
                "backward",
                1,
                "a backward call came before",
                _AFTER_TRAINING,
                _can("gradients_in_training"),
            ),
            Level("load", 1, "a load came after a training call", _AFTER_TRAINING, _TRAINING),
            Level(
                "another layer before", says="another layer of that shape was used before", declared=_TRAINING
            ),
            Level(
                "another layer between",
                says="another layer of that shape is used in between",
                declared=_TRAINING,
            ),
            Level(
                "training between",
                says="a training call comes before its backward call",
                groups=("another call comes before its backward call",),
                declared=_can("outstanding", "gradients", "training"),
            ),
            Level(
                "inference between",
                says="an inference call comes before its backward call",
                groups=("another call comes before its backward call",),
                declared=_can("outstanding", "gradients", "inference"),
            ),
            Level("refused load", says="a refused load came before", declared=_can("parameters")),
            Level("restored", says="another process saved the layer", declared=_can("saves")),
            Level("the same batch", 1, "the same batch came before", _AFTER_TRAINING, _TRAINING),
            Level("another shape", 1, "a batch of another shape came before", _AFTER_TRAINING, _TRAINING),
            Level("empty batch", says="an empty batch came before", declared=_TRAINING),
            Level("a NaN", says="a batch with a NaN came before", declared=_can("training", "inference")),
        ),
    ),
    Factor("shape", "rank, feature axis, and where an axis has size 1", tuple(map(_form, FORMS))),
    Factor(
        "built for",
        "what the layer was built for",
        (
            Level("that shape", says="the layer was built for that shape"),
            Level("another batch", says="the layer was built for another batch size"),
            Level("other extents", says="the layer was built for other extents"),
        ),
    ),
    Factor(
        "features",
        "n, around what hardware counts in",
        _numbers(
            "n",
            3,
            (
                1,
                2,
                7,
                8,
                9,
                15,
                16,
                17,
                31,
                32,
                33,
                63,
                64,
                65,
                127,
                128,
                129,
                255,
                256,
                257,
                1023,
                1024,
                1025,
            ),
        ),
        ordered=True,
    ),
    Factor(
        "values per feature",
        "N, likewise",
        _numbers(
            "N",
            12,
            (
                *(2, 3, 4, 5, 24, 31, 32, 33, 127, 128, 129, 255, 256, 257, 767, 768, 769, 1023, 1024, 1025),
                *(65535, 65536, 65537, 131071, 131072, 131073),
            ),
        ),
        ordered=True,
    ),
    Factor("memory of x", "how x lies in memory", _layouts("x", *_MEMORY)),
    Factor("memory of dy", "how the upstream gradient does", _layouts("dy", *_MEMORY)),
    Factor(
        "memory of loaded",
        "how what is loaded does",
        _layouts("what is loaded", *(each for each in _MEMORY if each != "permuted")),
    ),
    Factor("dtype", "the dtype of x", tuple(Level(d, d, f"x is {d}") for d in DTYPES)),
    Factor(
        "dtype of parameters",
        "that of gamma, beta and the statistics",
        (
            Level("that of x", None, "the parameters are of the dtype of x"),
            Level("float32", "float32", "the parameters are float32", declared=_can("mixed")),
        ),
    ),
    Factor(
        "affine",
        "which of gamma and beta there are",
        (
            Level("both", (True, True), "there are gamma and beta"),
            Level(
                "gamma alone",
                (True, False),
                "there is no beta",
                ("gamma or beta is left out", "beta is left out"),
                lambda can: can.affine == "separate",
                hides=1,
            ),
            Level(
                "beta alone",
                (False, True),
                "there is no gamma",
                ("gamma or beta is left out", "gamma is left out"),
                lambda can: can.affine == "separate",
                hides=1,
            ),
            Level(
                "neither",
                (False, False),
                "there is neither gamma nor beta",
                ("gamma or beta is left out", "gamma is left out", "beta is left out"),
                lambda can: can.affine != "always",
                hides=1,
            ),
        ),
    ),
    Factor(
        "parameters",
        "what gamma and beta are",
        (
            Level("random", ("random", "random"), "gamma and beta are random"),
            Level("one and zero", ("one", "zero"), "gamma is 1 and beta 0", ("beta is zero",)),
            Level("negative gamma", ("negative", "random"), "gamma is negative"),
            Level("zero gamma", ("zero", "random"), "gamma is 0", ("gamma is zero",), hides=1),
            Level(
                "both zero",
                ("zero", "zero"),
                "gamma and beta are 0",
                ("gamma is zero", "beta is zero"),
                hides=1,
            ),
            Level("large", ("large", "large"), "gamma and beta are large"),
        ),
    ),
    Factor(
        "epsilon",
        "from the default to large",
        (
            Level("0.001", 1e-3, "epsilon"),
            *(Level(f"{e:g}", e, "epsilon", (), _can("adjustable_epsilon")) for e in (1e-5, 1e-8, 0.5)),
        ),
    ),
    Factor(
        "momentum",
        "usual, none, all",
        (
            Level("0.9", 0.9, "momentum is 0.9"),
            *(
                Level(
                    f"{m:g}",
                    m,
                    f"momentum is {m:g}",
                    declared=_can("running", "adjustable_momentum"),
                    hides=int(m == 1),
                )
                for m in (0.99, 0.5, 0.0, 1.0)
            ),
            Level("cumulative", None, "the average is cumulative", (), _can("cumulative", "training")),
        ),
    ),
    Factor(
        "values",
        "what x is like",
        (
            Level("normal", ("normal", 0.0, 1.0), "x is normal"),
            Level("with exact zeros", ("integer", 0.0, 2.0), "x has exact zeros"),
            Level("constant", ("constant", 0.0, 1.0), "a feature is constant", hides=1),
            Level("two-valued", ("two-valued", 0.0, 1.0), "x has two values"),
            Level(
                "mean far above", ("normal", 8.0, 1.0), "the mean is far above 0", ("the mean is far from 0",)
            ),
            Level(
                "mean far below",
                ("normal", -8.0, 1.0),
                "the mean is far below 0",
                ("the mean is far from 0",),
            ),
            Level("tiny", ("normal", 0.0, 2.0**-12), "x is tiny"),
            Level("huge", ("normal", 0.0, "huge"), "x is huge", ("x is huge or larger",)),
            Level(
                "squares overflow",
                ("normal", 0.0, "overflow"),
                "the squares of x overflow",
                ("x is huge or larger",),
                hides=3,
            ),
        ),
    ),
    Factor(
        "dy",
        "what the upstream gradient is like",
        (
            Level("normal", says="dy is normal"),
            Level(
                "uniform",
                says="dy is the same everywhere",
                groups=("dy is uniform",),
                hides=1,
            ),
            Level("one place", says="dy is zero but in one place", hides=1),
            Level("large", says="dy is large", groups=("dy is large or larger",)),
            Level(
                "large and uniform",
                says="dy is large and the same everywhere",
                groups=("dy is uniform", "dy is large or larger"),
                hides=1,
            ),
        ),
    ),
    Factor(
        "frozen",
        "what of a layer does not move",
        (
            Level("nothing", "", "nothing is frozen"),
            *(
                Level(name, name, says, groups, _freezes(name))
                for name, says, groups in (
                    ("parameters", "gamma and beta are frozen", ("gamma and beta have no gradients",)),
                    ("statistics", "the statistics are frozen", ("the statistics do not move",)),
                    (
                        "all",
                        "the layer is frozen",
                        ("gamma and beta have no gradients", "the statistics do not move"),
                    ),
                    ("untracked", "no statistics are kept", ()),
                )
            ),
        ),
    ),
    Factor(
        "replicas",
        "over which the batch is split",
        (
            Level("none", 1, "there is one replica"),
            Level("even", 8, "the parts of the replicas are even", ("there are replicas",), _can("replicas")),
            Level(
                "of one sample", 0, "each replica has one sample", ("there are replicas",), _can("replicas")
            ),
            Level(
                "uneven", 1, "the parts differ in size", ("there are replicas",), _can("replicas", "uneven")
            ),
            Level(
                "one empty",
                -1,
                "a replica has no samples",
                ("there are replicas",),
                _can("replicas", "uneven"),
            ),
        ),
    ),
    Factor(
        "mask",
        "positions that do not count",
        (
            Level("none", says="there is no mask"),
            Level("some", says="a mask leaves out some", groups=("there is a mask",), declared=_can("mask")),
            Level(
                "a sample",
                says="a mask leaves out a sample",
                groups=("there is a mask",),
                declared=_can("mask"),
            ),
            Level(
                "all count",
                says="a mask leaves out nothing",
                groups=("there is a mask",),
                declared=_can("mask"),
            ),
        ),
    ),
)

#: Histories in which another call on the same layer comes between a forward call and its backward call.
OUTSTANDING = ("training between", "inference between")

BY_NAME = {factor.name: factor for factor in FACTORS}
PLAIN = {factor.name: factor.plainest for factor in FACTORS}

# A constraint sees the values of these factors, and the names of the levels of the others.
_BY_VALUE = {
    "shape",
    "features",
    "values per feature",
    "dtype",
    "dtype of parameters",
    "values",
    "epsilon",
    "parameters",
    "affine",
}


def _seen(factor: str, name: str) -> Any:
    level = BY_NAME[factor].level(name)
    return level.value if factor in _BY_VALUE else level.name


def _batch_second_at_most(form: Any) -> bool:
    return form.axis % form.rank != 0 and "the batch is one sample" not in form.groups


def _long_only_with(factor: str, *levels: str) -> Constraint:
    """Long batches go with those levels of a factor alone."""
    names = levels or (PLAIN[factor],)
    allowed = [_seen(factor, name) for name in names]
    return Constraint(
        ("values per feature", factor),
        lambda count, other: count > LONG and other not in allowed,
        "a long batch takes long: it goes with what is plain",
    )


def _only_in_backward(factor: str) -> Constraint:
    """The levels of the upstream gradient go with backward calls."""
    return Constraint(
        (factor, "call"),
        lambda level, call: level != PLAIN[factor] and "backward" not in call,
        "there is no upstream gradient",
    )


CONSTRAINTS: tuple[Constraint, ...] = (
    Constraint(
        ("values per feature", "features"),
        lambda count, n: count * n > _MOST and not (count > LONG and n <= 1),
        "so many values take too long",
    ),
    Constraint(
        ("shape", "features"),
        lambda form, n: n > 65 and "an axis is as long as there are features" in form.groups,
        "so many values take too long",
    ),
    Constraint(
        ("shape", "values per feature"),
        lambda form, count: "an axis is as long as there are features" in form.groups and count > 257,
        "so many values take too long",
    ),
    Constraint(
        ("dtype", "dtype of parameters"),
        lambda d, held: held is not None and d not in _HALF,
        "only half precision is mixed",
    ),
    Constraint(
        ("dtype", "values"), lambda d, v: d in _HALF and v[1] != 0, "half precision has not the digits"
    ),
    Constraint(
        ("dtype of parameters", "values"),
        lambda held, v: held is not None and v[1] != 0,
        "half precision has not the digits",
    ),
    Constraint(
        ("dtype", "epsilon"), lambda d, e: d == "float16" and e < 2.0**-12, "float16 flushes it to zero"
    ),
    Constraint(
        ("dtype", "parameters"), lambda d, p: d == "float16" and p[0] == "large", "float16 may overflow"
    ),
    Constraint(
        ("affine", "parameters"),
        lambda a, p: a == (False, False) and p != ("random", "random"),
        "there are no parameters",
    ),
    Constraint(
        ("frozen", "call"),
        lambda frozen, call: frozen == "untracked" and call == "load statistics",
        "there are no statistics",
    ),
    Constraint(("affine", "call"), lambda a, c: c == "load gamma" and not a[0], "there is no gamma"),
    _only_in_backward("memory of dy"),
    _only_in_backward("dy"),
    Constraint(
        ("history", "call"),
        lambda history, call: history in OUTSTANDING and "backward" not in call,
        "there is no backward call to come before",
    ),
    Constraint(
        ("replicas", "shape"),
        lambda r, form: r != "none" and not _batch_second_at_most(form),
        "replicas split the first axis",
    ),
    Constraint(
        ("replicas", "call"),
        lambda r, c: r != "none" and c in ("empty batch", "one value"),
        "nothing to split",
    ),
    Constraint(
        ("replicas", "history"),
        lambda r, h: r != "none" and h in ("another shape", "empty batch"),
        "the parts would be of other sizes",
    ),
    Constraint(("replicas", "mask"), lambda r, m: r != "none" and m != "none", "no layer declares both"),
    Constraint(
        ("replicas", "built for"), lambda r, b: r != "none" and b != "that shape", "the parts are given"
    ),
    Constraint(
        ("mask", "call"),
        lambda m, c: m != "none" and c in ("empty batch", "one value", "a NaN", "a NaN in inference"),
        "the mask would decide what counts",
    ),
    Constraint(
        ("mask", "values per feature"),
        lambda m, count: m != "none" and not 12 <= count < LONG,
        "too few would count",
    ),
    Constraint(
        ("mask", "shape"),
        lambda m, form: m != "none" and ("the batch is one sample" in form.groups or form.name == "(n, n)"),
        "too few would count",
    ),
    _long_only_with("call", "training", "inference", "training, backward", "inference, backward"),
    _long_only_with("shape", "(N, n)", "(1, n, N)"),
    _long_only_with("features", "1"),
    _long_only_with("dtype", "float32", "float16", "bfloat16"),
    *(
        _long_only_with(factor.name)
        for factor in FACTORS
        if factor.name not in ("call", "shape", "features", "dtype", "values per feature")
    ),
)


def forbidden(row: Row, first: str, second: str) -> str:
    """Why the levels of two factors do not go together in a row; empty if they do."""
    for each in _constraints(first, second):
        if each.forbids(*(_seen(name, row[name]) for name in each.factors)):
            return each.why
    return ""


def possible(row: Row) -> bool:
    """Whether all levels of a row go together."""
    return not any(forbidden(row, *each.factors) for each in CONSTRAINTS)


@functools.cache
def _constraints(first: str, second: str) -> tuple[Constraint, ...]:
    return tuple(each for each in CONSTRAINTS if set(each.factors) == {first, second})
