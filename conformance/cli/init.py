"""Write a commented adapter to start from: a batch norm that works as it stands."""

from __future__ import annotations

import keyword
import re
import shlex
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click

_CLASS, _PROGRAM = "MyBatchNorm", "batch_norm"  # in the templates


@dataclass(frozen=True, slots=True)
class _Kind:
    """:ivar template: the file it is made from. :ivar about: what for.
    :ivar makes: a command that compiles FILE to PROGRAM. :ivar target: how a program is named.
    """

    template: str
    about: str
    makes: str = ""
    target: str = ""


_KINDS = {
    "numpy": _Kind("numpy.py", "NumPy alone (the default)"),
    "torch": _Kind("torch.py", "a module of PyTorch"),
    "keras": _Kind("keras.py", "a layer of Keras, on TensorFlow"),
    "jax": _Kind("jax.py", "a function of JAX, such as Flax and Haiku have"),
    "cpp": _Kind(
        "batch_norm.cpp", "a program in C++", "c++ -O2 -std=c++17 FILE -o PROGRAM", "exec:./PROGRAM"
    ),
    "js": _Kind("batch_norm.js", "a program in JavaScript", target="exec:node FILE"),
}


def _choices(command: click.decorators.FC) -> click.decorators.FC:
    for name, kind in reversed(_KINDS.items()):
        command = click.option(f"--{name}", "kind", flag_value=name, help=f"For {kind.about}.")(command)
    return command


@click.command("init", help=__doc__)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_choices
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def command(file: Path, kind: str | None, force: bool) -> None:
    chosen = _KINDS[kind or "numpy"]
    template = (files("conformance") / "templates" / chosen.template).read_text(encoding="utf-8")
    try:
        text, steps = _program(file, template, chosen) if chosen.target else _adapter(file, template)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        if file.exists() and not force:
            raise click.UsageError(f"{str(file)!r} is there already; --force overwrites it")
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {str(file)!r}: {error.strerror}") from None
    what = "a batch norm that works as it stands; CHANGE marks the places to make yours"
    click.echo(f"wrote {file}: {what}. Then\n\n{steps}")


def _adapter(file: Path, template: str) -> tuple[str, str]:
    """An adapter in Python, and what to do with it."""
    name = class_name(file, template)
    place = f"{file}:{name}"
    return (
        template.replace(_CLASS, name).replace("FILE", file.name),
        f"""\
    bnconf smoke {shlex.quote(place)}    # is the adapter in order?
    bnconf run {shlex.quote(place)}      # is the batch norm right?

or, in a test of yours, for pytest:

    from conformance import check

    def test_batch_norm() -> None:
        check({place!r}).raise_for_failures()""",
    )


def _program(file: Path, template: str, kind: _Kind) -> tuple[str, str]:
    """A program in another language, and what to do with it.

    :raises ValueError: the file's name has another ending than its language.
    """
    ending = Path(kind.template).suffix
    if file.suffix != ending:
        raise ValueError(
            f"expected a name that ends in {ending}, such as my_norm{ending}; it is {file.name!r}"
        )

    program = file.with_suffix("")

    def filled(text: str) -> str:
        text = text.replace("./PROGRAM", "PROGRAM") if program.is_absolute() else text
        for word, path in (("FILE", file), ("PROGRAM", program)):
            text = text.replace(word, shlex.quote(str(path)))
        return text

    target = shlex.quote(filled(kind.target))
    steps = [kind.makes and filled(kind.makes), f"bnconf protocol-check {target}", f"bnconf run {target}"]
    return template.replace(_PROGRAM, file.stem), "\n".join(f"    {step}" for step in steps if step)


def class_name(file: Path, template: str) -> str:
    """``my_batch_norm.py`` holds MyBatchNorm.

    :raises ValueError: no such name can be made of the file's.
    """
    parts = re.split(r"[^A-Za-z0-9]+", file.stem)
    name = "".join(part[:1].upper() + part[1:] for part in parts)
    if file.suffix != ".py" or not name.isidentifier():
        raise ValueError(
            f"expected the name of a Python file, such as my_batch_norm.py for MyBatchNorm; it is {file.name!r}"
        )
    # The name of something else in it, such as Array of array.py, would hide that.
    taken = re.search(rf"\b{name}\b", template.replace(_CLASS, "")) is not None
    return f"{name}BatchNorm" if taken or keyword.iskeyword(name) else name
