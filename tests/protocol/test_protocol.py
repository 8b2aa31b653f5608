"""The wire: frames, messages and arrays; and programs in any language that speak it, rightly and wrongly."""

from __future__ import annotations

import io
import shlex
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conformance.cases.arrays import realise
from conformance.cases.case import Case
from conformance.implementation import DTYPES, Capabilities, LayerConfig
from conformance.judging.level import Level
from conformance.judging.requirement import Requirement
from conformance.judging.trial import Trial
from conformance.judging.verdict import Outcome, Verdict
from conformance.protocol.codec import WIRE_DTYPES, decode_reply, decode_request, encode, numpy_dtype
from conformance.protocol.messages import (
    Answer,
    Backward,
    Build,
    Forward,
    Hello,
    Identity,
    Labelled,
    Load,
    Message,
    Parameters,
    Raised,
)
from conformance.requirements.probes import training
from conformance.worker import framing
from conformance.worker.client import Worker
from conformance.worker.framing import MOST_BYTES, Frames, FramingError
from conformance.worker.process import CannotStart
from conformance.worker.untrusted import readable
from tests.conftest import HANGS, WAITS

PROGRAM = Path(__file__).parents[1] / "hostile" / "program.py"


def allocated(call: Callable[[], object]) -> int:
    """The most bytes a call had allocated at any time."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestFrame:
    """Four bytes of length, then that many bytes."""

    def test_layout(self) -> None:
        assert framing.frame(b"abc") == b"\x03\x00\x00\x00abc"
        assert framing.frame(b"") == b"\x00\x00\x00\x00"

    @given(payloads=st.lists(st.binary(max_size=40)))
    def test_stream_of_them_is_read_back(self, payloads: list[bytes]) -> None:
        stream = io.BytesIO()
        for payload in payloads:
            framing.write(stream, payload)
        stream.seek(0)
        assert [framing.read(stream) for _ in payloads] == payloads
        assert framing.read(stream) is None

    @given(payloads=st.lists(st.binary(max_size=40), min_size=1), data=st.data())
    def test_come_in_pieces_of_any_size(self, payloads: list[bytes], data: st.DataObject) -> None:
        stream = b"".join(map(framing.frame, payloads))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
        frames, found = Frames(), []
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            frames.feed(stream[start:end])
            while (payload := frames.next()) is not None:
                found.append(payload)
        assert found == payloads and len(frames) == 0

    @pytest.mark.parametrize("kept", [1, 2, 3])
    def test_end_inside_the_length(self, kept: int) -> None:
        with pytest.raises(FramingError, match=f"ended after {kept} of the 4 bytes of a length"):
            framing.read(io.BytesIO(framing.frame(b"abc")[:kept]))

    @pytest.mark.parametrize("kept", [0, 1, 4])
    def test_end_inside_the_message(self, kept: int) -> None:
        with pytest.raises(FramingError, match=f"ended after {kept} of a message's 5 bytes"):
            framing.read(io.BytesIO(framing.frame(b"hello")[: 4 + kept]))

    @pytest.mark.parametrize("length", [MOST_BYTES + 1, 1 << 31, (1 << 32) - 1])
    def test_one_too_long_is_refused_unread(self, length: int) -> None:
        stream = io.BytesIO(length.to_bytes(4, "little") + b"x" * 8)
        with pytest.raises(
            FramingError, match=f"announces {length} bytes, more than the {MOST_BYTES} allowed"
        ):
            framing.read(stream)
        assert stream.tell() == 4
        with pytest.raises(FramingError, match="announces"):
            _fed(length.to_bytes(4, "little")).next()

    def test_one_too_long_is_not_written(self) -> None:
        payload, stream = bytes(MOST_BYTES + 1), io.BytesIO()
        with pytest.raises(FramingError, match="is more than the"):
            framing.write(stream, payload)
        assert stream.tell() == 0

    def test_memory_is_for_what_came_not_for_what_was_announced(self) -> None:
        announced = MOST_BYTES.to_bytes(4, "little") + b"x" * 10
        assert _fed(announced).next() is None
        with pytest.raises(FramingError, match=f"ended after 10 of a message's {MOST_BYTES} bytes"):
            framing.read(io.BytesIO(announced))

        def refuse() -> None:
            with pytest.raises(FramingError):
                framing.read(io.BufferedReader(io.BytesIO(announced)))

        assert allocated(refuse) < 4 << 20

    @given(
        text=st.text(
            st.characters(min_codepoint=9, max_codepoint=126, exclude_categories=["Cc"])
            | st.sampled_from("\t\n\r"),
            min_size=4,
        )
    )
    def test_no_text_passes_for_one(self, text: str) -> None:
        """So that what a program prints by mistake is told at once, and not after a timeout."""
        with pytest.raises(FramingError, match=r"is something else printing to standard output\?"):
            framing.read(io.BytesIO(text.encode()))

    def test_batch_of_2_to_the_24_fits(self) -> None:
        assert MOST_BYTES > 8 * 2**24 + 4096


def _fed(data: bytes) -> Frames:
    frames = Frames()
    frames.feed(data)
    return frames


# -- every message is what it was when it comes out again

_SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Arrays of every dtype on the wire and of any bits, so of every NaN, infinity and subnormal."""
    dtype, shape = numpy_dtype(draw(st.sampled_from(sorted(WIRE_DTYPES)))), draw(_SHAPES)
    size = int(np.prod(shape, dtype=int)) * dtype.itemsize
    raw = draw(st.binary(min_size=size, max_size=size))
    if dtype == np.bool_:
        raw = bytes(byte & 1 for byte in raw)
    return np.frombuffer(raw, dtype).reshape(shape)


_FLOATS = st.floats(allow_nan=False)
_COUNT = st.integers(0, 1 << 40)
_TEXT = st.text(max_size=20)
_NAMED = st.dictionaries(_TEXT, arrays(), max_size=3)
_WHERE = {"layer": _COUNT, "may_raise": st.booleans()}
_CONFIGS = st.builds(
    LayerConfig,
    input_shape=st.lists(_COUNT, max_size=5).map(tuple),
    axis=st.integers(-5, 4),
    dtype=st.sampled_from(DTYPES),
    epsilon=_FLOATS,
    momentum=_FLOATS,
    scale=st.booleans(),
    center=st.booleans(),
)
_CAPABILITIES = st.builds(
    Capabilities,
    dtypes=st.lists(_TEXT).map(tuple),
    ranks=st.lists(_COUNT).map(tuple),
    axes=st.just("any") | st.lists(st.integers(-9, 9)).map(tuple),
    affine=st.sampled_from(["separate", "joint", "always"]),
    gradients=st.booleans(),
    compiles=st.booleans(),
)
REQUESTS = st.one_of(
    st.builds(Hello, protocol=_COUNT),
    st.builds(Build, config=_CONFIGS, **_WHERE),
    st.builds(Load, parameters=_NAMED, **_WHERE),
    st.builds(Parameters, **_WHERE),
    st.builds(Forward, x=arrays(), training=st.booleans(), memory=_TEXT, **_WHERE),
    st.builds(Backward, dy=arrays(), memory=_TEXT, **_WHERE),
)
REPLIES = st.one_of(
    st.builds(Identity, name=_TEXT, version=_TEXT, capabilities=_CAPABILITIES, protocol=_COUNT),
    st.builds(
        Answer, arrays=_NAMED, modified=st.booleans(), warnings=st.lists(_TEXT).map(tuple), seconds=_FLOATS
    ),
    st.builds(Raised, kind=_TEXT, text=_TEXT, trace=_TEXT, seconds=_FLOATS),
)


def plain(message: Message) -> dict[str, Any]:
    """A message in terms that compare, arrays by their bits."""

    def seen(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.dtype.name, value.shape, value.tobytes()
        return {k: seen(v) for k, v in value.items()} if isinstance(value, dict) else value

    fields = {name: seen(getattr(message, name)) for name in message.__struct_fields__}
    return {"type": type(message).__name__, **fields}


class TestMessage:
    @given(message=REQUESTS)
    def test_request_comes_out_as_it_went_in(self, message: Any) -> None:
        assert plain(decode_request(encode(message))) == plain(message)

    @given(message=REQUESTS, label=_TEXT)
    def test_label_of_a_call_does_not_cross_the_wire(self, message: Any, label: str) -> None:
        if isinstance(message, Labelled):
            assert encode(msgspec.structs.replace(message, label=label)) == encode(message)
            smuggled = msgspec.msgpack.decode(encode(message)) | {"label": label}
            assert plain(decode_request(msgspec.msgpack.encode(smuggled))) == plain(message)

    @given(message=REPLIES)
    def test_reply_comes_out_as_it_went_in(self, message: Any) -> None:
        assert plain(decode_reply(encode(message))) == plain(message)

    @given(message=REQUESTS)
    def test_is_plain_messagepack(self, message: Any) -> None:
        """One map whose ``op`` names it, which any library reads."""
        read = msgspec.msgpack.decode(encode(message))
        assert read["op"] == type(message).__name__.lower()

    @given(reply=REPLIES)
    def test_reply_is_no_request(self, reply: Any) -> None:
        with pytest.raises(msgspec.ValidationError, match=r"Invalid value '\w+' - at `\$.op`"):
            decode_request(encode(reply))

    @given(data=st.binary(max_size=60))
    def test_any_bytes_are_decoded_or_refused(self, data: bytes) -> None:
        try:
            decode_reply(data)
        except (msgspec.DecodeError, ValueError) as error:
            assert str(error)


# -- arrays


def received(array: Any) -> np.ndarray:
    """What the suite makes of an answer with that for y."""
    reply = decode_reply(msgspec.msgpack.encode({"op": "answer", "arrays": {"y": array}}))
    assert isinstance(reply, Answer)
    return reply.arrays["y"]


GOOD: dict[str, Any] = {"dtype": "float32", "shape": [2, 3], "data": bytes(24)}
_2_TO_62 = 1 << 62

BAD: dict[str, tuple[Any, str]] = {
    "data too short": (GOOD | {"data": bytes(23)}, r"float32 of shape \[2, 3\] and 23 bytes of data do not fit"),
    "data too long": (GOOD | {"data": bytes(25)}, "do not fit"),
    "no data": (GOOD | {"data": b""}, "do not fit"),
    "data that is text": (GOOD | {"data": "x" * 24}, "data bytes"),
    "data that is a list": (GOOD | {"data": [0.0] * 6}, "data bytes"),
    "an extension type for data": (GOOD | {"data": msgspec.msgpack.Ext(1, bytes(24))}, "data bytes"),
    "a negative extent": (GOOD | {"shape": [2, -3]}, "none negative"),
    "an extent to be guessed": (GOOD | {"shape": [2, -1]}, "none negative"),
    "two negative extents": (GOOD | {"shape": [-2, -3]}, "none negative"),
    "a huge extent": (GOOD | {"shape": [_2_TO_62]}, "do not fit"),
    "extents whose product is 0 modulo 2^64": (GOOD | {"shape": [_2_TO_62, 4], "data": b""}, "do not fit"),
    "huge extents and an empty one": (GOOD | {"shape": [0, _2_TO_62, 16], "data": b""}, "array"),
    "an extent beyond 64 bits": (GOOD | {"shape": [(1 << 64) - 1]}, "do not fit"),
    "too many extents": (GOOD | {"shape": [1] * 100, "data": bytes(4)}, "array"),
    "a fractional extent": (GOOD | {"shape": [2.0, 3]}, "integers"),
    "a boolean extent": (GOOD | {"shape": [6, True]}, "integers"),
    "a shape that is text": (GOOD | {"shape": "23"}, "shape a list"),
    "a shape that is a number": (GOOD | {"shape": 6}, "shape a list"),
    "an unknown dtype": (GOOD | {"dtype": "float33"}, "unsupported dtype 'float33'"),
    "objects": (GOOD | {"dtype": "object"}, "unsupported dtype 'object'"),
    "objects by another name": (GOOD | {"dtype": "O"}, "unsupported dtype 'O'"),
    "a record": (GOOD | {"dtype": "f4,f4"}, "unsupported dtype"),
    "complex numbers": (GOOD | {"dtype": "complex64"}, "unsupported dtype"),
    "big-endian numbers": (GOOD | {"dtype": ">f4"}, "unsupported dtype"),
    "no dtype at all": (GOOD | {"dtype": None}, "dtype must be a string"),
    "a dtype that is a list": (GOOD | {"dtype": ["float32"]}, "dtype must be a string"),
    "a missing field": ({"dtype": "float32", "shape": []}, "no 'data'"),
    "a list": ([1.0, 2.0], "not an array"),
    "a number": (1.0, "not an array"),
    "nil": (None, "array"),
}  # fmt: skip


class TestArray:
    """``{dtype, shape, data}``, in C order, little endian."""

    @given(array=arrays())
    def test_every_bit_arrives(self, array: np.ndarray) -> None:
        """Of bfloat16 too, of empty arrays and of shape (), and every payload of a NaN."""
        again = decode_reply(encode(Answer(arrays={"y": array})))
        assert isinstance(again, Answer)
        y = again.arrays["y"]
        assert (y.dtype, y.shape, y.tobytes()) == (array.dtype, array.shape, array.tobytes())

    def test_nan_payloads_arrive(self) -> None:
        bits = np.array([0x7FC0_0001, 0xFFC1_2345, 0x7F80_0001, 0x7F80_0000, 0x8000_0000], np.uint32)
        y = received({"dtype": "float32", "shape": [5], "data": bits.tobytes()})
        assert y.view(np.uint32).tolist() == bits.tolist()

    @pytest.mark.parametrize("layout", ["fortran", "reversed", "strided", "big-endian", "broadcast"])
    def test_layout_in_memory_is_no_matter(self, layout: str) -> None:
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        laid = {
            "fortran": np.asfortranarray(x),
            "reversed": x[::-1, ::-1].copy()[::-1, ::-1],
            "strided": np.repeat(x, 2, axis=1)[:, ::2],
            "big-endian": x.astype(">f4"),
            "broadcast": np.broadcast_to(x[:1], (2, 3)),
        }[layout]
        again = decode_reply(encode(Answer(arrays={"y": laid})))
        assert isinstance(again, Answer)
        assert again.arrays["y"].dtype == np.dtype("<f4")
        np.testing.assert_array_equal(again.arrays["y"], laid)

    def test_good_one(self) -> None:
        assert received(GOOD).shape == (2, 3)

    @pytest.mark.parametrize(("array", "words"), BAD.values(), ids=BAD.keys())
    def test_malformed_one_is_refused(self, array: Any, words: str) -> None:
        with pytest.raises((msgspec.DecodeError, ValueError), match=words):
            received(array)

    def test_nothing_large_is_allocated_for_a_malformed_one(self) -> None:
        def refuse_all() -> None:
            for array, _ in BAD.values():
                with pytest.raises((msgspec.DecodeError, ValueError)):
                    received(array)

        assert allocated(refuse_all) < 4 << 20

    def test_error_of_a_long_shape_is_short(self) -> None:
        with pytest.raises(msgspec.DecodeError) as refused:
            received(GOOD | {"shape": [1] * 100_000})
        assert len(str(refused.value)) < 500

    @pytest.mark.parametrize("dtype", ["object", "complex128", "U4", "M8[s]", "longdouble"])
    def test_others_are_not_sent(self, dtype: str) -> None:
        with pytest.raises(ValueError, match="cannot send an array of dtype"):
            encode(Answer(arrays={"y": np.zeros(2).astype(dtype)}))


# -- programs

CASE = Case((5, 3), -1)


def program(behaviour: str = "batch_norm", *, timeout: float = HANGS, start_timeout: float = HANGS) -> Worker:
    command = shlex.join([sys.executable, "-S", str(PROGRAM), behaviour])
    return Worker(f"exec:{command}", timeout=timeout, start_timeout=start_timeout)


def judged(worker: Worker, case: Case = CASE) -> Verdict:
    requirement = Requirement("y", Level.MUST, "", "", (training,), lambda trial: trial.forward_within())
    observation = worker.run(training.script(case, realise(case), worker.identity.capabilities))
    return requirement.verdict(Trial(case, observation, worker.identity.capabilities))


MISUNDERSTOOD = {
    "prints_text_at_forward": "answered forward with nonsense: a message announces 1936945004 bytes",
    "answers_garbage": "answered forward with nonsense: ",
    "answers_json": "answered forward with nonsense: ",
    "answers_nothing": "answered forward with nonsense: Input data was truncated",
    "answers_with_an_unknown_op": "answered forward with nonsense: Invalid value 'result' - at `$.op`",
    "answers_with_a_request": "answered forward with nonsense: Invalid value 'hello' - at `$.op`",
    "answers_with_its_identity": "answered forward with its identity",
    "answers_without_y": "answered forward without y, with Y",
    "answers_with_a_lying_shape": "answered forward with nonsense: not an array {dtype, shape, data}: float32 of "
    "shape [1099511627776, 1048576] and 60 bytes of data do not fit - at `$.arrays[...]`",
    "answers_with_an_unknown_dtype": "answered forward with nonsense: not an array {dtype, shape, data}: unsupported "
    "dtype 'object' on the wire - at `$.arrays[...]`",
    "answers_twice": "sent more messages than it was asked for",
    "answers_with_terminal_codes": r"forward raised Error: red: , bell: \x07",
}  # fmt: skip

UNSTARTED = {
    "exits": "died at hello: exit status 2\nusage: program FILE",
    "silent": "no answer to hello within 3 s",
    "prints_text": "a message announces 168454472 bytes, more than the",
    "prints_random_bytes": "no answer to hello within 3 s, but a part of one",
    "greets_with_an_answer": "answered hello with something other than its identity",
    "speaks_protocol_2": "speaks version 2 of the protocol; this suite speaks 1",
}


class TestProgram:
    """``exec:COMMAND``, a program that has never heard of Python."""

    def test_good_one_passes(self) -> None:
        with program() as worker:
            assert worker.identity.name == "program"
            for seed in range(5):
                case = replace(CASE, shape=(4 + seed, 3), seed=seed)
                assert judged(worker, case).outcome is Outcome.PASS
            assert worker.restarts == 0

    def test_good_one_tells_of_exceptions_and_shapes(self) -> None:
        with program() as worker:
            x = realise(CASE).x
            script = (Build(CASE.config()), Parameters(), Backward(x, may_raise=True))
            _, held, raised = worker.run(script).answers
            assert isinstance(held, Answer) and held.arrays["gamma"].shape == (3,)
            assert raised == Raised(kind="NotImplementedError", text="no backward here")

    def test_one_that_answers_in_pieces_is_waited_for(self) -> None:
        with program("answers_in_pieces") as worker:
            case = replace(CASE, epsilon=1.0)
            answer = worker.run(training.script(case, realise(case), Capabilities())).answers[2]
            assert isinstance(answer, Answer)
            np.testing.assert_array_equal(answer.arrays["y"], realise(case).x)

    @pytest.mark.parametrize(("behaviour", "words"), MISUNDERSTOOD.items(), ids=MISUNDERSTOOD.keys())
    def test_one_that_misunderstands_is_an_error(self, behaviour: str, words: str) -> None:
        with program(behaviour) as worker:
            for _ in range(2):
                verdict = judged(worker)
                assert verdict.outcome is Outcome.ERROR
                assert verdict.message.startswith(words)

    @pytest.mark.parametrize(
        ("behaviour", "outcome", "words"),
        [
            ("silent_at_forward", Outcome.TIMEOUT, "no answer to forward within 3 s"),
            ("ends_in_a_length", Outcome.CRASH, "died at forward in the middle of a message: exit status 0"),
            ("ends_in_a_message", Outcome.CRASH, "died at forward in the middle of a message: exit status 0"),
            ("closes_its_output", Outcome.CRASH, "closed its standard output at forward, without an answer"),
        ],
    )
    def test_one_that_ends_or_falls_silent(self, behaviour: str, outcome: Outcome, words: str) -> None:
        with program(behaviour, timeout=WAITS) as worker:
            verdict = judged(worker)
            assert (verdict.outcome, verdict.message) == (outcome, words)

    def test_time_it_makes_up_is_not_counted(self) -> None:
        with program("answers_with_infinite_seconds") as worker:
            judged(worker)
            assert worker.inside == 0

    @pytest.mark.parametrize(("behaviour", "words"), UNSTARTED.items(), ids=UNSTARTED.keys())
    def test_one_that_does_not_start_is_told(self, behaviour: str, words: str) -> None:
        with pytest.raises(CannotStart) as told:
            program(behaviour, start_timeout=WAITS if "no answer" in words else HANGS)
        assert words in str(told.value) and told.value.missing is None

    def test_command_that_is_not_there(self) -> None:
        with pytest.raises(CannotStart, match=r"no-such-command --serve: .*No such file or directory"):
            Worker("exec:no-such-command --serve")

    def test_command_that_may_not_be_run(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("no program")
        with pytest.raises(CannotStart, match="Permission denied"):
            Worker(f"exec:{tmp_path / 'data'}")

    def test_message_too_long_to_send_is_the_suites_own_error(self) -> None:
        """And not laid at the door of the implementation."""
        with program() as worker:
            wide = np.zeros((1, 38 << 20), np.float32)
            with pytest.raises(FramingError, match="is more than the"):
                worker.run((Build(CASE.config()), Forward(wide, True)))
            assert judged(worker).outcome is Outcome.PASS


def test_words_do_not_tell_where_a_machine_keeps_its_packages() -> None:
    said = 'File "/home/me/.venv/lib/python3.11/site-packages/torch/nn/functional.py", line 1, in /home/me/mine.py'
    assert readable(said) == 'File "torch/nn/functional.py", line 1, in /home/me/mine.py'
