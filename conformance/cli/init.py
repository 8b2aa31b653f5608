"""Write a commented adapter to start from: a batch norm that works as it stands."""

from __future__ import annotations

import keyword
import re
import shlex
from importlib.resources import files
from pathlib import Path

import click

_CLASS = "MyBatchNorm"  # in the templates
_PYTHON = {
    "numpy": "NumPy alone (the default)",
    "torch": "a module of PyTorch",
    "keras": "a layer of Keras, on TensorFlow",
    "jax": "a function of JAX, such as Flax and Haiku have",
}


def _choices(command: click.decorators.FC) -> click.decorators.FC:
    for name, about in reversed(_PYTHON.items()):
        command = click.option(f"--{name}", "kind", flag_value=name, help=f"For {about}.")(command)
    return command


@click.command("init", help=__doc__)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_choices
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def command(file: Path, kind: str | None, force: bool) -> None:
    template = (files("conformance") / "templates" / f"{kind or 'numpy'}.py").read_text(encoding="utf-8")
    try:
        name = class_name(file, template)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        if file.exists() and not force:
            raise click.UsageError(f"{str(file)!r} is there already; --force overwrites it")
        file.write_text(template.replace(_CLASS, name).replace("FILE", file.name), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {str(file)!r}: {error.strerror}") from None
    place = f"{file}:{name}"
    click.echo(f"""\
wrote {file}: a batch norm that works as it stands; CHANGE marks the places to make yours. Then

    bnconf smoke {shlex.quote(place)}    # is the adapter in order?
    bnconf run {shlex.quote(place)}      # is the batch norm right?

or, in a test of yours, for pytest:

    from conformance import check

    def test_batch_norm() -> None:
        check({place!r}).raise_for_failures()""")


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
