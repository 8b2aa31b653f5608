"""Whatever implementations do, ``bnconf run`` ends with a verdict on each, in words that a person can read on a
terminal and a browser can show, and never with a traceback of its own.

The programs are those of hostile/babel.py, the layers those of hostile/layers.py; all are sound but for one thing.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.dom import minidom

import pytest

from tests.conftest import HANGS
from tests.processes import descendants, end

HOSTILE = Path(__file__).parents[1] / "hostile"
BABEL = HOSTILE / "babel.py"

NONSENSE = "answered forward with nonsense: "

#: Nothing is wrong that the suite would have to say.
SOUND = (
    "holds_booleans",
    "takes_no_time_at_all",
    "takes_longer_than_the_world_is_old",
    "takes_less_than_no_time",
    "has_a_name_in_html",
    "has_a_name_in_terminal_codes",
    "has_a_name_like_a_path",
    "has_a_name_of_megabytes",
    "has_no_name",
    "warns_ten_thousand_times",
    "holds_a_parameter_named_in_html",
    "holds_a_parameter_named_in_terminal_codes",
    "holds_a_parameter_named_by_megabytes",
    "names_gamma_in_terminal_codes",
    "declares_that_it_can_do_nothing",
    "stays_when_its_input_ends",
    "PrintsMegabytes",
    "ReturnsALiar",
    "Forks",
)

#: A requirement fails, and this is to be read of it.
FAILING = {
    "announces_an_endless_list": NONSENSE,
    "announces_an_endless_map": NONSENSE,
    "announces_endless_text": NONSENSE,
    "announces_endless_data": NONSENSE,
    "writes_its_lengths_big_endian": "a message announces 201326592 bytes, more than the 150994943 allowed",
    "negative_shape": "shape must be a list of integers, none negative",
    "fractional_shape": "shape must be a list of integers, none negative",
    "shape_of_a_thousand_axes": "not an array {dtype, shape, data}: ",
    "shape_that_overflows": "float32 of shape [4294967296, 4294967296] and 0 bytes of data do not fit",
    "swaps_bytes": "values beyond their bounds: 2 of 2",
    "answers_in_integers": "values beyond their bounds: 2 of 2",
    "answers_in_booleans": "values beyond their bounds: 1 of 2",
    "answers_in_booleans_that_are_none": "values beyond their bounds: 1 of 2",
    "answers_in_bfloat16": "exactly",
    "answers_in_64_bit_integers": "values beyond their bounds: 2 of 2",
    "answers_with_nothing_at_all": "y has shape (0,); expected",
    "raises_html_and_terminal_codes": r"forward raised \x1b]0;mine\x07<script>alert(1)</script>[bold]\u202e",
    "raises_markup": "forward raised [/bold]: [red]x[/green] [link=file:///]",
    "raises_megabytes": "tttt [...] tttt",
    "writes_no_utf_8": NONSENSE + "the message holds text that is not UTF-8",
    "repeats_keys": NONSENSE + "Invalid value 'raised'",
    "uses_numbers_for_keys": NONSENSE + "Expected `str`, got `int`",
    "uses_extensions": NONSENSE,
    "nests_deeply": NONSENSE + "the message is nested too deeply",
    "nests_deeply_in_place_of_an_array": NONSENSE,
    "declares_everything": "raised ValueError",
    "writes_without_end": NONSENSE,
    "writes_answers_without_end": "answered forward without y, with nothing",
    "writes_blank_bytes_without_end": NONSENSE + "Input data was truncated",
    "answers_before_it_is_asked": "answered build with its identity",
    "leaves_after_its_introduction": "died at build: exit status 0",
    "leaves_in_every_call": "died at build: exit status 7",
    "closes_its_output": "closed its standard output at forward, without an answer",
    "closes_everything": "closed its standard output at forward, without an answer",
    "forks_children_that_hold_the_pipes": "died at forward: exit status 1",
    "escapes_into_a_session_of_its_own": "died at forward: exit status 1",
    "SegmentationFault": "died at forward: signal SIGSEGV",
    "QuietExit": "died at forward: exit status 0",
    "ClosesEverythingAndStays": "closed its standard output at forward",
    "RaisesNoText": "forward raised RuntimeError: lone surrogate ?",
    "RaisesTheUnprintable": "forward raised Unprintable",
    "RaisesSystemExit": "forward raised SystemExit: no GPU, giving up",
    "RecursesWithoutEnd": "RecursionError",
    "ReturnsObjects": "forward() returned an array of dtype object",
    "Answers145MiB": "is more than the 150994943 allowed",
}  # fmt: skip

#: So does one about parameters.
HOLDING = {
    "holds_nothing": "the layer has no gamma; it has no parameters",
    "holds_something_else_each_time": "the layer has gamma for some inputs but not for others",
    "holds_ten_thousand_parameters": "the layer has no gamma; it has 0, 1, 2",
}  # fmt: skip

#: So does it here, after a while.
HANGING = {
    "announces_the_longest_message": "no answer to forward within 1 s, but a part of one",
    "writes_to_standard_error_without_end": "no answer to forward within 1 s",
    "drips": "no answer to forward within 1 s, but a part of one",
    "answers_every_second_request": "",  # it depends on which
    "forks_children_that_answer_too": "",  # and on who is quicker
    "closes_its_input": "no answer to build within 1 s",
    "Spins": "no answer to forward within 1 s",
}  # fmt: skip

#: It is not so much as begun with, for this reason.
UNSTARTED = {
    "has_a_name_in_no_utf_8": "the message holds text that is not UTF-8",
    "declares_no_dtype": "capabilities.dtypes must be some of float32, float64, float16, bfloat16; it is ()",
    "declares_no_rank": "capabilities.ranks must be some of 2, 3, 4, 5; it is ()",
    "declares_no_axis": "capabilities.axes must be 'any' or some feature axes; it is ()",
    "declares_a_hundred_thousand_dtypes": "'float32', ...), 100000 in all",
    "declares_a_hundred_thousand_ranks": "2, ...), 100000 in all",
    "declares_a_hundred_thousand_axes": "7, ...), 100000 in all",
    "declares_a_hundred_thousand_names": "capabilities.names has 100000 pairs, more than the 16 allowed",
    "declares_rank_100": "capabilities.ranks must be some of 2, 3, 4, 5; it is (100,)",
    "declares_a_huge_rank": "it is (9223372036854775807,)",
    "declares_fractional_ranks": "Expected `int`, got `float`",
    "declares_an_unknown_affine": "Invalid enum value 'maybe'",
    "speaks_a_version_beyond_64_bits": "speaks version 18446744073709551615 of the protocol",
    "ExitsInInit": "SystemExit: a licence is required",
    "DeclaresAClass": "TypeError: cannot send a type",
    "LacksAPackage": "ModuleNotFoundError: No module named 'a_framework_nobody_has'",
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What came of a run over several: exit status, what was printed, the files written, processes left behind."""

    status: int
    output: str
    errors: str
    files: dict[str, str]
    left: list[int]

    def of(self, name: str) -> dict[str, Any]:
        """The status of one implementation, its outcomes, and all that is said of it."""
        report = json.loads(self.files["report.json"])
        (info,) = [each for each in report["implementations"] if each["id"] == implementation(name)]
        results = [each for each in report["results"] if each["implementation"] == implementation(name)]
        said = [info["problem"], *(str(each["message"]) for each in results)]
        return {
            "status": info["status"],
            "outcomes": {r["outcome"] for r in results},
            "said": "\n".join(said),
        }


def implementation(name: str) -> str:
    if name[0].isupper():
        return f"{HOSTILE / 'layers.py'}:{name}"
    return f"exec:{shlex.join([sys.executable, '-S', str(BABEL), name])}"


@cache
def run(names: tuple[str, ...], requirements: tuple[str, ...], timeout: float, examples: int) -> Ran:
    """Judge them in one run, by a few cases."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "conformance", "run", *map(implementation, names), "-o", folder]
        command += [
            "--max-examples",
            str(examples),
            "--timeout",
            str(timeout),
            "--dtype",
            "float32",
            "--profile",
        ]
        for pattern in requirements:
            command += ["-r", pattern]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOSTILE": "always"},
            cwd=folder,
        ) as process:
            output, errors = process.communicate(timeout=HANGS)
        files = {p.name: p.read_text(encoding="utf-8") for p in Path(folder).iterdir() if p.is_file()}
    return Ran(process.returncode, output, errors, files, descendants(process.pid))


@dataclass(frozen=True)
class Group:
    """Implementations that one run judges.

    :ivar said: each with what is to be read of it. :ivar timeout: seconds for a call. :ivar examples: how many
        each requirement gets.
    """

    said: dict[str, str]
    requirements: tuple[str, ...]
    status: int
    timeout: float = HANGS
    examples: int = 4

    @property
    def ran(self) -> Ran:
        return run(tuple(self.said), self.requirements, self.timeout, self.examples)


_TRAINING = ("forward.training",)
_SHAPE = ("shape.gamma", "shape.independent-of-batch")
GROUPS = {
    "sound": Group(dict.fromkeys(SOUND, ""), (*_TRAINING, *_SHAPE), 0),
    "failing": Group(FAILING, _TRAINING, 1),
    "holding": Group(HOLDING, _SHAPE, 1),
    "hanging": Group(HANGING, _TRAINING, 1, timeout=1, examples=1),
    "unstarted": Group(UNSTARTED, _TRAINING, 3),
}
EVERY = [(group, name) for group, each in GROUPS.items() for name in each.said]


@pytest.mark.parametrize(("group", "name"), EVERY, ids=[name for _, name in EVERY])
def test_ends_in_words(group: str, name: str) -> None:
    found = GROUPS[group].ran.of(name)
    assert found["status"] == ("broken" if group == "unstarted" else "complete"), found
    if group == "sound":
        assert found["outcomes"] <= {"pass", "unsupported"}, found
    elif group != "unstarted":
        assert found["outcomes"] & {"fail", "error", "crash", "timeout"}
    assert GROUPS[group].said[name] in found["said"]
    assert group == "sound" or found["said"].strip()


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS.keys())
class TestRun:
    """A run over all of one kind."""

    def test_exits_as_it_should_and_without_a_traceback(self, group: Group) -> None:
        ran = group.ran
        assert "Traceback" not in ran.errors and "the suite failed" not in ran.errors, ran.errors
        assert ran.status == group.status, ran.output[-3000:] + ran.errors[-3000:]

    def test_prints_nothing_that_a_terminal_would_obey(self, group: Group) -> None:
        for text in (group.ran.output, group.ran.errors):
            assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text) is None
            assert len(text) < 8000 * len(group.said)

    def test_writes_what_is_safe_to_open(self, group: Group) -> None:
        files = group.ran.files
        evil = re.compile(r"(?<!\\)<(script>alert|svg onload|img src=x)")  # \\< is no tag in Markdown
        assert evil.search(files["index.html"]) is None and evil.search(files["summary.md"]) is None
        minidom.parseString(files["junit.xml"])

    def test_leaves_no_process(self, group: Group) -> None:
        """But for the one that moves to a session of its own; nobody can know of it, and it ends by itself."""
        assert end(group.ran.left) == []
        assert end([pid for pid in strays() if "escapes_into" not in command_of(pid)]) == []


def test_there_is_no_program_that_is_not_run() -> None:
    names = re.findall(r"^def (\w+)\(\) -> None:", BABEL.read_text(encoding="utf-8"), re.MULTILINE)
    judged = {name for _, name in EVERY}
    assert set(names) == {name for name in judged if name[0].islower()} and len(judged) >= 30


def strays() -> list[int]:
    """Processes of hostile programs that nobody looks after."""
    if not Path("/proc/self/stat").exists():
        return []
    return [pid for pid in descendants(1) if str(BABEL) in command_of(pid)]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
