"""Layers that can be saved, and what goes wrong with it. ``bnconf run savers.py:NAME`` judges one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from conformance.implementation import LayerConfig
from conformance.implementations.reference import Reference, _Layer


class Layer(_Layer):
    """Says in which process it is."""

    def __init__(self, config: LayerConfig, owner: Any) -> None:
        super().__init__(config)
        self._owner = owner

    def parameters(self) -> dict[str, Any]:
        return super().parameters() | {"process": np.array(os.getpid())}

    def save(self, format: str) -> Any:
        return self._owner.saved(format, super().save(format))

    def restore(self, format: str, saved: bytes) -> None:
        self._owner.before_restoring()
        super().restore(format, saved)


class SaysWhereItIs(Reference):
    """Nothing is wrong with it."""

    name = "saver"
    capabilities = replace(Reference.capabilities, saves=("bytes", "text"))

    def build(self, config: LayerConfig) -> Layer:
        return Layer(config, self)

    def saved(self, format: str, saved: bytes) -> Any:
        if format not in self.capabilities.saves:
            raise ValueError(f"there is no format {format}")
        return saved

    def before_restoring(self) -> None:
        pass


class SavesText(SaysWhereItIs):
    def saved(self, format: str, saved: bytes) -> Any:
        return saved.hex()


class SavesNot(SaysWhereItIs):
    def saved(self, format: str, saved: bytes) -> Any:
        raise ValueError("no such format")


class DiesInSave(SaysWhereItIs):
    def saved(self, format: str, saved: bytes) -> Any:
        os.abort()


class RestoresNot(SaysWhereItIs):
    def before_restoring(self) -> None:
        raise ValueError("the file is of another version")


class DiesInRestore(SaysWhereItIs):
    def before_restoring(self) -> None:
        os.abort()


class HangsInRestore(SaysWhereItIs):
    def before_restoring(self) -> None:
        time.sleep(3600)


class IsKilledOnce(SaysWhereItIs):
    """As by a system short of memory: the first time that any process restores."""

    def before_restoring(self) -> None:
        try:
            Path(gettempdir(), f"killed-{os.getppid()}").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class TooManyFormats(SaysWhereItIs):
    capabilities = replace(Reference.capabilities, saves=tuple(f"format {k}" for k in range(100)))


class FormatWithoutName(SaysWhereItIs):
    capabilities = replace(Reference.capabilities, saves=("",))


class FormatInColours(SaysWhereItIs):
    capabilities = replace(Reference.capabilities, saves=("\x1b[31mred",))
