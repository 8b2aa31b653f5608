"""A failing case as a script of the framework's own API alone, ready for a bug report.

It is put together from the calls of the case and the pieces of Python that the adapter gives as its
:class:`~conformance.implementation.Idiom`. Calls on other layers, and those after the one that shows the failure,
are left out.
"""

from __future__ import annotations

import base64
import math
import textwrap
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.idioms.filling import filled
from conformance.implementation import Array, Capabilities, Idiom, LayerConfig
from conformance.judging.place import Place
from conformance.protocol.layouts import order_of
from conformance.protocol.messages import Backward, Build, Call, Forward, Load, Parameters, Script, Transfer

_MOST_SPELLED = 256  # elements of an array that is written out
_MOST_PACKED = 1 << 16  # bytes of one that is packed
_WIDTH = 100
_SHOW_Y = 'print("y =", y)'
_LAYOUTS = {
    "fortran": "np.asfortranarray({})",
    "transposed": "np.ascontiguousarray({0}.T).T",
    "strided": "np.repeat({}, 2, axis=-1)[..., ::2]",
    "offset": "np.concatenate([{0}[:1], {0}])[1:]",
}


def _laid_out(held: str, memory: str) -> str:
    """An expression for an array that lies in memory as a layout says; empty where that is no matter, or has no short
    form.
    """
    order = order_of(memory)
    if order is None:
        return _LAYOUTS[memory].format(held) if memory in _LAYOUTS else ""
    back = tuple(order.index(k) for k in range(len(order)))
    return f"np.ascontiguousarray({held}.transpose{order}).transpose{back}"


def standalone(
    idiom: Idiom,
    capabilities: Capabilities,
    script: Script,
    place: Place | None,
    *,
    about: str,
    index: tuple[int, ...] | None = None,
    expected: float | None = None,
) -> str | None:
    """The text of the script, or None where the calls have no short form in Python.

    :param about: what it shows, in words; becomes its first lines.
    :param index, expected: the element that is wrong, and what it should be.
    """
    try:
        writer = _Writer(idiom, capabilities, tell=place is None)
        kept = _relevant(script, place)
        for number, call in enumerate(kept):
            further = (each for each in kept[number + 1 :] if not isinstance(each, Parameters))
            writer.call(call, next(further, None))
        last = kept[-1]
        if place is not None and place.array and index is not None:
            writer.verdict(last, place.array, index, expected)
        elif place is not None:
            writer.result(last)
    except _NoShortForm:
        return None
    comment = "\n".join(
        line
        for part in about.splitlines()
        for line in textwrap.wrap(part, _WIDTH - 2, break_long_words=False)
    )
    head = textwrap.indent(comment, "# ", lambda _: True)
    packing = ["import base64", "import zlib"] if any("b64decode" in line for line in writer.lines) else []
    return "\n".join([head, *packing, idiom.setup, "", *writer.lines, ""])


class _NoShortForm(Exception):
    """A call, an array or a layer that cannot be written in a few lines."""


def _relevant(script: Script, place: Place | None) -> Script:
    """The calls on the layer that fails, from when it was built; and on those it was loaded from."""
    if place is None:
        return script
    upto = script[: place.call + 1]
    wanted = {upto[-1].layer}
    wanted |= {call.source for call in upto if isinstance(call, Transfer) and call.layer in wanted}
    for start in range(len(upto) - 1, -1, -1):
        if isinstance(upto[start], Build) and len(wanted) == 1 and upto[start].layer in wanted:
            upto = upto[start:]
            break
    return tuple(call for call in upto if call.layer in wanted)


class _Writer:
    def __init__(self, idiom: Idiom, capabilities: Capabilities, *, tell: bool) -> None:
        """:param tell: print what every call gives, since it is not known which one fails."""
        self.lines: list[str] = []
        self._idiom, self._can, self._tell = idiom, capabilities, tell
        self._setters = dict(idiom.set)
        self._configs: dict[int, LayerConfig] = {}
        self._moved: dict[int, tuple[int, int]] = {}
        self._arrays: dict[tuple[Any, ...], str] = {}

    def call(self, call: Call, following: Call | None) -> None:
        match call:
            case Build(config, layer):
                if (
                    config.defaults
                    or config.cumulative
                    or config.eager
                    or config.replicas > 1
                    or config.frozen
                ):
                    raise _NoShortForm
                if config.held_in != config.dtype and "$parameter_dtype" not in str(self._idiom):
                    raise _NoShortForm
                self._configs[layer] = self._native(config, layer)
                self._add(self._idiom.build, layer)
            case Load(parameters, layer):
                for name, given in parameters.items():
                    if name not in self._setters:
                        raise _NoShortForm
                    self._add(self._setters[name], layer, call.may_raise, value=_array(given))
            case Forward(mask=np.ndarray()) | Backward(back=1):
                raise _NoShortForm
            case Forward(x, training, layer, memory):
                held = self._variable("x", x, layer, memory)
                shown = _SHOW_Y if self._tell else ""
                if isinstance(following, Backward) and following.layer == layer:
                    if not self._idiom.differentiate:
                        raise _NoShortForm
                    upstream = self._variable("dy", following.dy, layer, following.memory)
                    text = self._idiom.differentiate
                    self._add(text, layer, call.may_raise, shown, x=held, dy=upstream, training=training)
                else:
                    self._add(self._idiom.apply, layer, call.may_raise, shown, x=held, training=training)
            case Backward() | Parameters():
                if self._tell:
                    self.result(call)
            case Transfer(source, layer):
                for name, expression in self._idiom.get:
                    if name in self._setters and self._has(source, name):
                        value = self._filled(expression, source)
                        self._add(self._setters[name], layer, call.may_raise, value=value)
            case _:
                raise _NoShortForm

    def verdict(self, call: Call, array: str, index: tuple[int, ...], expected: float | None) -> None:
        """Print the element that is wrong next to what it should be."""
        layer = call.layer
        name, indices = array, list(index)
        if isinstance(call, Forward | Backward):
            name = array if isinstance(call, Forward) else f"d{array}"
            if array in ("x", "y") and layer in self._moved:
                old, new = self._moved[layer]
                indices.insert(new, indices.pop(old))
        else:
            getters = dict(self._idiom.get)
            if array not in getters:
                raise _NoShortForm
            self.lines.append(f"{array} = np.ravel({self._filled(getters[array], layer)})")
        where = f"{name}[{', '.join(map(str, indices))}]"
        should = "" if expected is None else f', "and should be", {_number(expected, np.dtype(np.float64))}'
        self.lines.append(f'print("{where} is", float({where}){should})')

    def result(self, call: Call) -> None:
        """Print what a call gave."""
        match call:
            case Forward():
                self.lines.append(_SHOW_Y)
            case Backward():
                self.lines.append('print("dx =", dx, "dgamma =", dgamma, "dbeta =", dbeta)')
            case Parameters(layer):
                for name, expression in self._idiom.get:
                    if self._has(layer, name) and name not in ("epsilon", "momentum"):
                        self.lines.append(f'print("{name} =", {self._filled(expression, layer)})')

    def _native(self, config: LayerConfig, layer: int) -> LayerConfig:
        """The configuration with the features where the framework wants them."""
        rank = len(config.input_shape)
        axis, axes = config.feature_axis, self._can.axes
        if axes == "any" or axis in {each % rank for each in axes}:
            return config
        new = axes[0] % rank
        self._moved[layer] = axis, new
        shape = list(config.input_shape)
        shape.insert(new, shape.pop(axis))
        return replace(config, input_shape=tuple(shape), axis=new)

    def _has(self, layer: int, name: str) -> bool:
        config = self._configs[layer]
        return {"gamma": config.scale, "beta": config.center}.get(name, True)

    def _variable(self, name: str, value: Array, layer: int, memory: str) -> str:
        moved = self._moved.get(layer)
        key = (name, value.shape, value.dtype.name, value.tobytes(), memory, moved)
        if key not in self._arrays:
            number = sum(other[0] == name for other in self._arrays)
            held = self._arrays[key] = f"{name}{number + 1 if number else ''}"
            self.lines += f"{held} = {_array(value)}".splitlines()
            if text := _laid_out(held, memory):
                self.lines.append(f"{held} = {text}")
            if moved is not None:
                self.lines.append(f"{held} = np.moveaxis({held}, {moved[0]}, {moved[1]})")
        return self._arrays[key]

    def _add(self, piece: str, layer: int, may_raise: bool = False, then: str = "", **values: Any) -> None:
        """:param then: a line to follow, where the piece raises nothing."""
        lines = [*self._filled(piece, layer, **values).splitlines(), *[then] * bool(then)]
        if may_raise and self._tell:
            lines = ["try:", *(f"    {line}" for line in lines)]
            lines += ["except Exception as error:", '    print("raised", repr(error))']
        self.lines += lines

    def _filled(self, piece: str, layer: int, **values: Any) -> str:
        try:
            return filled(piece, f"layer{layer or ''}", self._configs[layer], values)
        except (KeyError, ValueError):
            raise _NoShortForm from None


def _array(value: Array) -> str:
    """An expression for an array, in a few lines; one of bfloat16, which NumPy has not, in float32."""
    dtype = "float32" if value.dtype.name == "bfloat16" else value.dtype.name
    if value.size > 4 and np.all(value == value.flat[0]):
        return f"np.full({value.shape}, {_number(value.flat[0], value.dtype)}, np.{dtype})"
    if value.size == 0:
        return f"np.zeros({value.shape}, np.{dtype})"
    if value.size > _MOST_SPELLED:
        return _packed(value, dtype)
    text = f"np.array({_nested(value)}, np.{dtype})"
    if len(text) > _WIDTH:
        rows = ",\n".join(
            textwrap.fill(_nested(row), _WIDTH, initial_indent="    ", subsequent_indent="     ")
            for row in value
        )
        text = f"np.array([\n{rows},\n], np.{dtype})"
    return text


def _nested(value: Array) -> str:
    if value.ndim == 0:
        return _number(value[()], value.dtype)
    return "[" + ", ".join(_nested(each) for each in value) + "]"


def _packed(value: Array, dtype: str) -> str:
    """Too many numbers to be read are written to be pasted."""
    if value.nbytes > _MOST_PACKED:
        raise _NoShortForm
    data = base64.b64encode(zlib.compress(value.astype(dtype).tobytes(), 9)).decode()
    quoted = "\n".join(f'    b"{part}"' for part in textwrap.wrap(data, _WIDTH - 8))
    return f"np.frombuffer(zlib.decompress(base64.b64decode(\n{quoted}\n)), np.{dtype}).reshape({value.shape}).copy()"


def _number(value: Any, dtype: np.dtype[Any]) -> str:
    """The shortest decimal that is the same number in its dtype."""
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    if dtype.kind in "iub":
        return str(value)
    return str(np.float32(value) if dtype.name == "bfloat16" else value)
