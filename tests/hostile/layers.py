"""A sound batch norm whose every subclass does one terrible thing, when asked to.

It is asked to by an epsilon of :data:`ARMED`, so that in a stream of scripts exactly those misbehave that should;
or by every epsilon, where the environment says HOSTILE=always. Nothing here is imported by the tests: only inside
workers, by path.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from conformance.implementation import Capabilities, Gradients, LayerConfig

ARMED = 0.5
ALWAYS = os.environ.get("HOSTILE") == "always"
FOR_EVER = 3600


class Layer:
    """Batch norm in training, and nothing else: plain NumPy, gradients and all."""

    def __init__(self, config: LayerConfig, owner: Sound) -> None:
        self.config, self.owner = config, owner
        n = config.input_shape[config.axis]
        self.held = {"gamma": np.ones(n, config.dtype), "beta": np.zeros(n, config.dtype)}

    def armed(self, call: str) -> bool:
        return call == self.owner.at and (ALWAYS or self.config.epsilon == ARMED)

    def parameters(self) -> Any:
        return self.owner.misbehave(None, self.held) if self.armed("parameters") else self.held

    def load(self, parameters: Mapping[str, np.ndarray]) -> None:
        if self.armed("load"):
            self.owner.misbehave(None, None)
        self.held.update(parameters)

    def forward(self, x: np.ndarray, *, training: bool) -> Any:
        assert training
        around = tuple(k for k in range(x.ndim) if k != self.config.axis % x.ndim)
        shape = [1] * x.ndim
        shape[self.config.axis] = -1
        gamma, beta = (self.held[name].reshape(shape) for name in ("gamma", "beta"))
        deviation = np.sqrt(x.var(axis=around, keepdims=True) + np.float32(self.config.epsilon))
        self.xhat, self.scale = (x - x.mean(axis=around, keepdims=True)) / deviation, gamma / deviation
        self.around = around
        y = self.owner.finish(self.config, gamma, gamma * self.xhat + beta)
        return self.owner.misbehave(x, y) if self.armed("forward") else y

    def backward(self, dy: np.ndarray) -> Any:
        around = self.around
        beta, gamma = dy.sum(axis=around), (dy * self.xhat).sum(axis=around)
        centred = dy - dy.mean(axis=around, keepdims=True)
        dx = self.scale * (centred - self.xhat * (dy * self.xhat).mean(axis=around, keepdims=True))
        found = Gradients(dx, gamma, beta)
        return self.owner.misbehave(dy, found) if self.armed("backward") else found


class Sound:
    """Misbehaves in no way. :ivar at: the call at which a subclass does."""

    name = "hostile"
    version = "1"
    capabilities: Any = Capabilities(gradients=True)
    at = "forward"

    def build(self, config: LayerConfig) -> Any:
        layer = Layer(config, self)
        if self.at == "build" and (ALWAYS or config.epsilon == ARMED):
            return self.misbehave(None, layer)
        return layer

    def misbehave(self, x: Any, honest: Any) -> Any:
        """What the call returns in place of ``honest``."""
        return honest

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What forward returns in place of ``y`` on any case, asked to misbehave or not."""
        return y


# -- those that die


class SegmentationFault(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        ctypes.string_at(0)


class SegmentationFaultInBuild(SegmentationFault):
    at = "build"


class SegmentationFaultInLoad(SegmentationFault):
    at = "load"


class SegmentationFaultInBackward(SegmentationFault):
    at = "backward"


class Abort(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        print("terminate called after throwing an instance of 'std::bad_cast'", file=sys.stderr)
        os.abort()


class Exit(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os._exit(3)


class QuietExit(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os._exit(0)


class Last(Sound):
    """Says something before it dies, in colours, on both standard streams."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        print("the last words on standard output")
        print("\x1b[31mthe last words\x1b[0m on standard error\x07", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGKILL)


def once() -> bool:
    """Whether no mark in the current folder says that it was done before."""
    try:
        Path("killed").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class KilledOnce(Sound):
    """As if from outside."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        if once():
            os.kill(os.getpid(), signal.SIGKILL)
        return honest


class KilledOnceInInit(Sound):
    def __init__(self) -> None:
        if once():
            os.kill(os.getpid(), signal.SIGKILL)


class KilledInInit(Sound):
    def __init__(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class ClosesEverything(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os.closerange(0, 100)
        return honest


class ClosesEverythingAndStays(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os.closerange(0, 100)
        time.sleep(FOR_EVER)


class LeavesAChild(Sound):
    """Dies, while a child of its holds every pipe open."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        if os.fork() == 0:
            time.sleep(FOR_EVER)
        os._exit(5)


# -- those that hang


class Sleeps(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        print("waiting for a lock", file=sys.stderr)
        time.sleep(FOR_EVER)


class StallsInForward(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        time.sleep(0.3)
        return honest


class Spins(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        while True:
            pass


class HoldsTheInterpreter(Sound):
    """Sleeps in C without letting any other Python thread run."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        ctypes.PyDLL(None).sleep(FOR_EVER)


class Deaf(Sound):
    """Will not be told to end."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(FOR_EVER)


class Stops(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os.kill(os.getpid(), signal.SIGSTOP)


class HangsWithAChild(Sound):
    """A parent and a child, neither of which ends by itself."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        os.fork()
        time.sleep(FOR_EVER)


# -- those that talk


class Prints(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        print("loss: nan", flush=True)
        sys.stdout.write("\x00\x00\x00\x00")
        sys.stdout.flush()
        return honest


class PrintsInC(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        os.write(1, b"\x05\x00\x00\x00hello")
        return honest


class PrintsMegabytes(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        for _ in range(64):
            os.write(2, b"E0000 no such kernel image\n" * 4096)
            os.write(1, b"I0000 ....................\n" * 4096)
        return honest


class ClosesStandardOutput(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        sys.stdout.close()
        os.closerange(0, 3)
        return honest


class ReadsStandardInput(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        assert os.read(0, 1 << 20) == b""
        return honest


class Warns(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        warnings.warn("biased \udcff variance \x1b[31m", stacklevel=1)
        return honest


# -- those that raise


class Raises(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise ValueError("gamma must be an n-vector")


class RaisesInLoad(Raises):
    at = "load"


class RaisesInBuild(Raises):
    at = "build"


class RaisesInBackward(Raises):
    at = "backward"


class RaisesNothingToRead(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise RuntimeError


class RaisesMegabytes(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise RuntimeError("out of cheese " * 1_000_000)


class RaisesNoText(Sound):
    """Not to be written in UTF-8, and not to be shown on a terminal."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        raise RuntimeError("lone surrogate \udc80, null \0, bell \x07, escape \x1b[2J, end")


class Unprintable(Exception):
    def __str__(self) -> NoReturn:
        raise self


class RaisesTheUnprintable(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise Unprintable


class RaisesSystemExit(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        sys.exit("no GPU, giving up")


class RaisesKeyboardInterrupt(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise KeyboardInterrupt


class RaisesSomethingOfItsOwn(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        raise type("Cancelled", (BaseException,), {})("by request")


class RecursesWithoutEnd(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return self.misbehave(x, honest)


# -- those that return what they should not


class ReturnsNone(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return None


class ReturnsAList(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.tolist()


class ReturnsObjects(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(object)


class ReturnsText(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(str)


class ReturnsComplexNumbers(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(complex)


class ReturnsLongDoubles(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(np.longdouble)


class ReturnsAnotherShape(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.T


class ReturnsAScalar(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.mean()


class ReturnsNothing(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest[:0]


class ReturnsNaN(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest * np.float32("nan")


class ReturnsDoubles(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(np.float64)


class ReturnsBigEndian(Sound):
    """Unusual, and right."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.astype(">f4")


class Liar(np.ndarray[Any, Any]):
    def tobytes(self, *_: Any) -> bytes:
        return b"anything"


class ReturnsALiar(Sound):
    """Of a subclass whose bytes are not its own; its numbers are right."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest.view(Liar)


class ReturnsTwoGradients(Sound):
    at = "backward"

    def misbehave(self, x: Any, honest: Any) -> Any:
        return honest[:2]


class ReturnsParametersInAList(Sound):
    at = "parameters"

    def misbehave(self, x: Any, honest: Any) -> Any:
        return list(honest.values())


class WorksInPlace(Sound):
    """The right y, in the caller's array."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        x[...] = honest
        return x


# -- those that take too much


class Hoards(Sound):
    """Takes memory, and keeps it."""

    kept: tuple[np.ndarray, ...] = ()

    def misbehave(self, x: Any, honest: Any) -> Any:
        while True:
            self.kept += (np.ones(1 << 20),)


class Answers145MiB(Sound):
    def misbehave(self, x: Any, honest: Any) -> Any:
        return np.zeros((145 << 20) // 4, np.float32)


class Forks(Sound):
    """The child returns from the call as well."""

    def misbehave(self, x: Any, honest: Any) -> Any:
        os.fork()
        return honest


# -- those that do not start


class FailsInInit(Sound):
    def __init__(self) -> None:
        raise OSError("libcudart.so.12: cannot open shared object file")


class ExitsInInit(Sound):
    def __init__(self) -> None:
        sys.exit("a licence is required")


class DiesInInit(Sound):
    def __init__(self) -> None:
        ctypes.string_at(0)


class LacksAPackage(Sound):
    def __init__(self) -> None:
        import a_framework_nobody_has.nn  # type: ignore[import-not-found]  # noqa: F401


class LacksAModule(Sound):
    """Of a package that is installed: a wrong version of it, perhaps."""

    def __init__(self) -> None:
        import numpy.nn  # type: ignore[import-not-found]  # noqa: F401


class StartsSlowly(Sound):
    def __init__(self) -> None:
        time.sleep(1)


class StartsOnce(Sound):
    """A crash, after which it does not start again."""

    def __init__(self) -> None:
        mark = Path("started")
        if mark.exists():
            raise RuntimeError("the device is still in use")
        mark.touch()

    def misbehave(self, x: Any, honest: Any) -> Any:
        ctypes.string_at(0)


class HasNoBuild:
    name, version, capabilities = "hostile", "1", Capabilities()


class HasNoVersion:
    name, capabilities = "hostile", Capabilities()

    def build(self, config: LayerConfig) -> Any: ...


class DeclaresAMapping(Sound):
    capabilities: Any = MappingProxyType({"dtypes": ["float32"]})


class DeclaresAString(Sound):
    capabilities = Capabilities(dtypes="float32")  # type: ignore[arg-type]


class DeclaresNoSuchDtype(Sound):
    capabilities = Capabilities(dtypes=("float32", "float128"))


class DeclaresAClass(Sound):
    capabilities = Capabilities(dtypes=(np.float32,))  # type: ignore[arg-type]


class DeclaresNoRank(Sound):
    capabilities = Capabilities(ranks=())


class DeclaresNothingToFreeze(Sound):
    capabilities = Capabilities(frozen=("weather",))


class DeclaresRankOne(Sound):
    capabilities = Capabilities(ranks=(1, 2))


class DeclaresNoSuchAxis(Sound):
    capabilities = Capabilities(ranks=(2, 4), axes=(3,))


class DeclaresAFlagThatIsNone(Sound):
    capabilities = Capabilities(gradients="yes")  # type: ignore[arg-type]


# -- those that a campaign finds out


class FlipsNegativeGamma(Sound):
    """Takes gamma for positive, as one does who stores its logarithm."""

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where(gamma < 0, -y, y)


class ForgetsFeature17(Sound):
    """Where there is one."""

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        if y.shape[config.axis] > 17:
            np.moveaxis(y, config.axis, 0)[17] = 7
        return y


class CrashesAtTimes(Sound):
    """With an epsilon that some cases have."""

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        if config.epsilon == 1e-3:
            ctypes.string_at(0)
        return y


class TakesItsTime(Sound):
    """And leaves a mark in the current folder for each call."""

    capabilities = replace(Sound.capabilities, views=False)
    calls = 0

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        time.sleep(0.1)
        self.calls += 1
        Path(f"call-{self.calls}").touch()
        return y


class HangsAfterFive(TakesItsTime):
    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        if self.calls == 5:
            time.sleep(FOR_EVER)
        return super().finish(config, gamma, y)


# -- those that kill the process that judges them


def kill_the_judge() -> None:
    """If it is one: what takes its place once it is dead is nobody's to kill."""
    parent = os.getppid()
    if b"multiprocessing.spawn" in Path(f"/proc/{parent}/cmdline").read_bytes():
        os.kill(parent, signal.SIGKILL)
    time.sleep(FOR_EVER)


class KillsItsJudge(Sound):
    capabilities = replace(Sound.capabilities, dtypes=("float32", "float64"), views=False)

    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        kill_the_judge()
        return y


class KillsItsJudgeInFloat64(KillsItsJudge):
    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        return super().finish(config, gamma, y) if config.dtype == "float64" else y


class KillsItsJudgeOnce(KillsItsJudge):
    def finish(self, config: LayerConfig, gamma: np.ndarray, y: np.ndarray) -> np.ndarray:
        return super().finish(config, gamma, y) if once() else y


class KillsItsJudgeInInit(Sound):
    def __init__(self) -> None:
        kill_the_judge()
