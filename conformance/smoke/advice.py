"""What to do about an adapter that does not work, from what it raised: rules from a message to a sentence."""

from __future__ import annotations

import ast
import re
import sysconfig
from pathlib import Path

from conformance.implementation import DTYPES
from conformance.protocol.messages import Raised
from conformance.worker.packages import remedy
from conformance.worker.process import CannotStart, Nonsense, NotDeclared, Silent, Unsound
from conformance.worker.serve import SENDABLE

#: How the suite calls what an adapter has.
CALLED = {
    "build": "build(config), with one LayerConfig",
    "load": "load(parameters), with a dict of arrays by name",
    "parameters": "parameters()",
    "forward": "forward(x, training=True) or forward(x, training=False)",
    "backward": "backward(dy)",
    "resume": "save(format), and restore(format, saved) of a fresh layer",
}

_ROOT = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_FRAME = re.compile(
    r'^  File "(?P<file>.+)", line (?P<line>\d+)(?:, in (?P<function>.+))?\n(?:    (?P<code>.+))?', re.M
)

#: What an implementation has to have.
_ATTRIBUTES = {
    "name": 'give the class a name, such as name = "my batch norm"; the report calls it that',
    "version": 'give the class a version, such as version = "1.0"',
    "capabilities": "give the class capabilities = Capabilities(...), from conformance",
    "build": "give the class a method build(self, config) that returns a layer",
    "Capabilities": "set capabilities = Capabilities(...), from conformance",
    SENDABLE: 'Capabilities hold names and numbers only: dtypes=("float32",), and not NumPy\'s own dtypes',
}
#: What an answer has to be.
_EXPECTED = {
    "dtype": f"return an array of numbers, of one of {', '.join(DTYPES)}",
    "Gradients": "return Gradients(x, gamma, beta), from conformance, with arrays or None",
    "bytes": "return bytes",
    "dict": "return a dict of NumPy arrays by name: gamma, beta, running_mean, running_var",
}
#: From what was returned for an array, or its package, to how it becomes one.
_TO_NUMPY = {
    "torch": "convert it: .detach().cpu().numpy()",
    "tensorflow": "convert it: .numpy()",
    "jax": "convert it: np.asarray(...)",
    "jaxlib": "convert it: np.asarray(...)",
    "None": "is a return missing?",
    "builtins.tuple": "return the array alone",
}


def own_line(trace: str, implementation: str) -> str:
    """The innermost line of the adapter's own that a traceback passes, or nothing.

    :param implementation: its name; where it is a file, lines of that file are meant.
    """
    own = implementation.rpartition(":")[0]
    frames = list(_FRAME.finditer(trace))
    if own.endswith(".py"):
        frames = [each for each in frames if Path(each["file"]).resolve() == Path(own).resolve()]
    else:
        frames = [each for each in frames if not each["file"].startswith((_ROOT, "<", *_LIBRARIES))]
    if not frames:
        return ""
    last = frames[-1]
    function = f", in {last['function']}" if last["function"] else ""
    code = f": {last['code'].strip()}" if last["code"] else ""
    return f"{Path(last['file']).name}, line {last['line']}{function}{code}"


def on_raised(call: str, raised: Raised) -> str:
    """What to do about a call that raised, if that can be told from the exception alone.

    :param call: the call's name, as in CALLED.
    """
    text = raised.text
    if raised.kind == "Malformed":
        return _on_malformed(raised)
    if raised.kind in ("ModuleNotFoundError", "ImportError"):
        return "install what it imports, where the implementation runs"
    if _FRAME.search(raised.trace):  # It was raised by the adapter's code, and not on the way to it.
        return ""
    if raised.kind == "TypeError" and "argument" in text:
        return f"the suite calls it as {CALLED[call]}"
    lacking = re.search(r"'(\w+)' object has no attribute '(\w+)'", text)
    if raised.kind == "AttributeError" and lacking:
        if lacking[1] == "NoneType":
            return "build() returned None; it has to return the layer: is a return missing?"
        also = "; or do not declare gradients=True" if lacking[2] == "backward" else ""
        return (
            f"build() returned a {lacking[1]}; give it a method {lacking[2]}, called as {CALLED[call]}{also}"
        )
    return ""


def _on_malformed(raised: Raised) -> str:
    if raised.expected in _EXPECTED:
        return _EXPECTED[raised.expected]
    package = raised.found.partition(".")[0]
    return _TO_NUMPY.get(raised.found) or _TO_NUMPY.get(package) or "return a NumPy array"


def not_started(error: CannotStart, implementation: str) -> str:
    """Why an implementation does not start, and what to do about it."""
    if error.missing:
        return remedy(error.missing, implementation)
    return f"does not start: {error}\n  -> {on_start(error, implementation)}"


def on_start(error: CannotStart, implementation: str) -> str:
    """What to do about an implementation that cannot be started."""
    advice = ""
    match error:
        case CannotStart(missing=str(package)):
            advice = remedy(package, implementation)
        case CannotStart(raised=Raised() as raised):
            advice = _on_raised_at_start(raised, implementation)
        case Unsound():
            advice = "declare what it does of what the suite knows, or leave it at the default"
        case NotDeclared():
            advice = "name one of those with --device, or add it to devices in capabilities"
        case Silent():
            advice = "importing it does not end: what runs when the module is imported?"
        case Nonsense():
            # The place in the message, in msgspec's words.
            field = re.search(r"`\$\.capabilities\.?(\w*)", str(error))
            which = (field and field[1]) or "what it declares"
            told = (
                f"{which} is of another type than Capabilities says; note that a tuple of one is written (x,)"
            )
            advice = told if field else ""
    return advice or "importing it and making the class, without arguments, has to work in a fresh process"


def _on_raised_at_start(raised: Raised, implementation: str) -> str:
    if raised.kind == "NotFound":
        return _on_missing_class(implementation)
    if raised.expected in _ATTRIBUTES:
        called = ": write Capabilities(), with parentheses" if raised.found == "type" else ""
        return f"{_ATTRIBUTES[raised.expected]}{called}"
    # Python's own words about a call with the wrong arguments.
    if raised.kind == "TypeError" and raised.text.startswith("Capabilities.__init__()"):
        return "Capabilities are listed in conformance.implementation"
    inside = own_line(raised.trace, implementation)
    if raised.kind == "TypeError" and re.search(r"__init__\(\) (missing|takes)", raised.text) and not inside:
        return "the class is made without arguments; what a layer needs to know comes with build(config)"
    return ""


def _on_missing_class(implementation: str) -> str:
    file, _, _ = implementation.rpartition(":")
    try:
        body = ast.parse(Path(file).read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        body = []
    classes = [each.name for each in body if isinstance(each, ast.ClassDef)]
    return f"name a class it has: {', '.join(classes)}" if classes else "name a class it has"
