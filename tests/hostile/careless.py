"""A sound program with one fault in its manners: ``python careless.py FAULT``, where a fault has the name of the
check of ``bnconf protocol-check`` that should find it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, NoReturn

import msgspec
import numpy as np

from conformance.implementations.reference import Reference
from conformance.protocol.codec import decode_request
from conformance.protocol.codec import encode as encoded
from conformance.protocol.messages import (
    Answer,
    Build,
    Forward,
    Hello,
    Identity,
    Load,
    Message,
    Parameters,
    Raised,
    Restore,
)
from conformance.worker.framing import MOST_BYTES, frame
from conformance.worker.serve import Server

FOR_EVER = 3600


class Program:
    """Nothing is wrong with it."""

    def __init__(self) -> None:
        self.server = Server(Reference())

    def serve(self) -> None:
        while header := self.read(4):
            length = int.from_bytes(header, "little")
            if length > MOST_BYTES:
                self.oversized()
            self.write(self.payload(self.read(length)))
        self.end()

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = os.read(0, count - len(data))
            if not part:
                if data:
                    self.truncated()
                break
            data += part
        return data

    def write(self, payload: bytes) -> None:
        data = frame(payload)
        while data:
            data = data[os.write(1, data) :]

    def payload(self, data: bytes) -> bytes:
        return encoded(self.answer(data))

    def answer(self, data: bytes) -> Message:
        try:
            return self.perform(decode_request(data))
        except Exception as error:
            return self.malformed(data, error)

    def perform(self, request: Any) -> Message:
        return self.server.answer(request)

    def malformed(self, data: bytes, error: Exception) -> Message:
        return Raised(kind=type(error).__name__, text=str(error))

    def oversized(self) -> NoReturn:
        sys.exit("too long")

    def truncated(self) -> NoReturn:
        sys.exit("too short")

    def end(self) -> None:
        pass


def named(data: bytes) -> Any:
    """The op of what may be anything."""
    try:
        return msgspec.msgpack.decode(data)["op"]
    except (msgspec.DecodeError, TypeError, KeyError, RecursionError, UnicodeDecodeError):
        return None


class Identityless(Program):
    def perform(self, request: Any) -> Message:
        reply = super().perform(request)
        return msgspec.structs.replace(reply, name=" ") if isinstance(reply, Identity) else reply


class Capabilities(Program):
    """Spells a field wrongly: what it means to declare it does not."""

    def payload(self, data: bytes) -> bytes:
        reply = msgspec.msgpack.decode(super().payload(data))
        if "capabilities" in reply:
            reply["capabilities"]["gradient"] = True
        return msgspec.msgpack.encode(reply)


class Version(Program):
    def perform(self, request: Any) -> Message:
        if isinstance(request, Hello) and request.protocol != 1:
            raise ValueError("unknown protocol")
        return super().perform(request)


class BuildAnsweredByName(Program):
    def perform(self, request: Any) -> Message:
        return super().perform(Hello() if isinstance(request, Build) else request)


class WantsMatrices(Program):
    def perform(self, request: Any) -> Message:
        if isinstance(request, Load):
            raise ValueError("expected an array of shape (1, 3)")
        return super().perform(request)


class ParametersInitial(Program):
    def perform(self, request: Any) -> Message:
        reply = super().perform(request)
        if isinstance(request, Parameters) and isinstance(reply, Answer):
            return Answer(arrays={name: np.ones_like(value) for name, value in reply.arrays.items()})
        return reply


class ForwardDoubles(Program):
    """For bfloat16 only."""

    def perform(self, request: Any) -> Message:
        reply = super().perform(request)
        if (
            isinstance(request, Forward)
            and isinstance(reply, Answer)
            and reply.arrays["y"].dtype.itemsize == 2
        ):
            return Answer(arrays={"y": reply.arrays["y"].astype(np.float32)})
        return reply


class BackwardFlat(Program):
    def perform(self, request: Any) -> Message:
        reply = super().perform(request)
        if isinstance(reply, Answer) and "x" in reply.arrays:
            return Answer(arrays=reply.arrays | {"x": reply.arrays["x"].ravel()})
        return reply


class SavesNothing(Program):
    def perform(self, request: Any) -> Message:
        if isinstance(request, Restore):
            return super().perform(Build(request.config, layer=request.layer))
        return super().perform(request)


class OneLayer(Program):
    """Loads into every layer there is."""

    def perform(self, request: Any) -> Message:
        if isinstance(request, Load):
            for number in (0, 1):
                self.server.answer(msgspec.structs.replace(request, layer=number))
        return super().perform(request)


class AnswersTwice(Program):
    """The largest batches, as one does who answers when a part is done."""

    def write(self, payload: bytes) -> None:
        super().write(payload)
        reply = msgspec.msgpack.decode(payload)
        y = reply.get("arrays", {}).get("y")
        if y is not None and y["shape"][0] == 9:
            super().write(payload)


class ReadsOnce(Program):
    def read(self, count: int) -> bytes:
        data = os.read(0, count)
        if count == 4 and 0 < len(data) < 4:
            sys.exit("a length has four bytes")
        return data + super().read(count - len(data))


class RefusesFields(Program):
    def answer(self, data: bytes) -> Message:
        if named(data) == "forward" and "since_version" in msgspec.msgpack.decode(data):
            return Raised(kind="ValueError", text="unknown field since_version")
        return super().answer(data)


class SmallBuffer(Program):
    def answer(self, data: bytes) -> Message:
        if len(data) > 1 << 23:
            os._exit(4)
        return super().answer(data)


class DividesByZero(Program):
    def perform(self, request: Any) -> Message:
        if isinstance(request, Forward) and not request.x.size:
            os._exit(4)
        return super().perform(request)


class DiesOfUnknown(Program):
    def malformed(self, data: bytes, error: Exception) -> Message:
        if named(data) == "no-such-op":
            sys.exit("no such op")
        return super().malformed(data, error)


class AnyLayer(Program):
    def perform(self, request: Any) -> Message:
        if isinstance(request, Forward) and request.layer == 12345:
            return Answer(arrays={"y": request.x})
        return super().perform(request)


class DiesOfNonsense(Program):
    def malformed(self, data: bytes, error: Exception) -> Message:
        if not isinstance(named(data), str):
            sys.exit("nonsense")
        return super().malformed(data, error)


class TrustsShapes(Program):
    def malformed(self, data: bytes, error: Exception) -> Message:
        if named(data) == "forward":
            return Answer(arrays={"y": np.zeros((4, 3), np.float32)})
        return super().malformed(data, error)


class SaysGoodbye(Program):
    def end(self) -> None:
        print("bye")


class Lingers(Program):
    def end(self) -> None:
        time.sleep(FOR_EVER)


class WaitsForTheRest(Program):
    def truncated(self) -> NoReturn:
        time.sleep(FOR_EVER)
        raise AssertionError


class WaitsForGigabytes(Program):
    def oversized(self) -> NoReturn:
        time.sleep(FOR_EVER)
        raise AssertionError


FAULTS = {
    "none": Program,
    "identity": Identityless,
    "capabilities": Capabilities,
    "version": Version,
    "build": BuildAnsweredByName,
    "load": WantsMatrices,
    "parameters": ParametersInitial,
    "forward": ForwardDoubles,
    "backward": BackwardFlat,
    "save": SavesNothing,
    "layers": OneLayer,
    "order": AnswersTwice,
    "pieces": ReadsOnce,
    "unknown-fields": RefusesFields,
    "large": SmallBuffer,
    "empty": DividesByZero,
    "unknown-op": DiesOfUnknown,
    "unknown-layer": AnyLayer,
    "malformed": DiesOfNonsense,
    "wrong-array": TrustsShapes,
    "standard-output": SaysGoodbye,
    "end-of-input": Lingers,
    "truncated": WaitsForTheRest,
    "oversized": WaitsForGigabytes,
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]().serve()
