"""Pages of the site that are made from the code when it is built, so that they are never out of date: the
requirements, the command, the contract of an adapter, and the format of the report. A hook of MkDocs.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from conformance import implementation
from conformance.cli import main
from conformance.judging.requirement import Requirement
from conformance.requirements.catalogue import catalogue
from conformance.results.model import schema

_SOURCES = {
    "Q": "the question: *what are the dimensions of gamma and beta, (n, 1) or (n, m)?*",
    "P": "Ioffe and Szegedy, *Batch Normalization*, 2015, Algorithms 1 and 2 and section 3",
    "S": "the StableHLO specification of batch_norm_training, batch_norm_inference and batch_norm_grad",
    "O": "the ONNX operator BatchNormalization",
    "K": "the documentation of Keras",
    "T": "the documentation of PyTorch",
    "F": "the documentation of Flax, `flax.linen.BatchNorm` and `flax.nnx.BatchNorm`",
    "J": "the documentation of JAX, of collective operations over a mapped axis such as `jax.lax.pmean`",
    "N": "[the bounds](../numerics.md)",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    here = Path(config.docs_dir)
    nav = list(config.nav or [])
    unlisted = {page.relative_to(here).as_posix() for page in here.rglob("*.md")} - set(_listed(nav))
    config.nav = [*nav, {"More": sorted(unlisted)}] if unlisted else nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    pages = {"requirements": requirements(), "command": command(), "contract": contract(), "report": report()}
    for name, lines in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content="\n".join(lines) + "\n"))
    return files


#: Parts of the repository that the site has a page of.
_PAGES = {
    "conformance/requirements": "requirements",
    "conformance/implementation.py": "contract",
    "conformance/results/model.py": "report",
}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to files of the repository hold in a clone. On the site each leads to the page made of that file, or
    becomes plain text where there is none. The account that hosts the repository takes the place of OWNER.
    """
    docs = Path(config.docs_dir).resolve()
    up = "../" * page.file.src_uri.count("/")

    def named(link: re.Match[str]) -> str:
        target = (docs / page.file.src_uri).parent / link[2].partition("#")[0]
        if target.resolve().is_relative_to(docs):
            return link[0]
        made = _PAGES.get(target.resolve().relative_to(docs.parent).as_posix())
        return f"[{link[1]}]({up}reference/{made}.md)" if made else link[1]

    markdown = markdown.replace("OWNER/batchnorm-conformance", _repository(Path(config.docs_dir).parent))
    return re.sub(r"(?<!!)\[([^\]]+)\]\((\.\./[^)\s]+)\)", named, markdown)


def _repository(checkout: Path) -> str:
    """Where the repository is on GitHub, as account/name: pyproject.toml alone says it."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"]).removeprefix("https://github.com/")


def _listed(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _listed(each)


# -- the requirements


def requirements() -> Iterator[str]:
    every = catalogue()
    yield "# Requirements"
    yield ""
    yield f"This page lists all {len(every)}, as `bnconf requirements` does. Each has a level:"
    yield ""
    yield f"* {_tag('MUST')} Without it, the layer is not batch norm."
    yield f"* {_tag('SHOULD')} A careful implementation satisfies it."
    yield f"* {_tag('CONVENTION')} Implementations legitimately differ. The suite reports the convention of each one."
    yield "  The requirement fails only if an implementation contradicts itself."
    yield ""
    yield "A requirement may presuppose others. If one of those fails, this one cannot hold, and a report names the"
    yield "cause first."
    yield ""
    yield "n is the number of features, and m is the number of values of each feature. The sources are:"
    yield ""
    for key, text in _SOURCES.items():
        yield f"* [{key}] {text}"
    groups = dict.fromkeys(each.group for each in every)
    for group in groups:
        module = importlib.import_module(f"conformance.requirements.{group}")
        own = [each for each in every if each.group == group]
        yield from ("", f"## {group}", "", _markdown(_paragraph(module.__doc__, group)), "")
        for each in own:
            yield from _requirement(each)


def _requirement(each: Requirement) -> Iterator[str]:
    yield f'### `{each.id}` {_tag(str(each.level))} {{#{each.id} data-toc-label="{each.id}"}}'
    yield ""
    yield _escaped(each.statement)
    yield ""
    details = [f"Source: {_escaped(each.source)}."]
    for dtype, level in each.levels:
        details.append(f"In {dtype}: {_tag(str(level))}.")
    if each.presupposes:
        details.append("Presupposes " + ", ".join(f"[`{name}`](#{name})" for name in each.presupposes) + ".")
    yield " ".join(details)
    yield ""


def _tag(level: str) -> str:
    return f'<span class="level {level.lower()}">{level}</span>'


# -- the command


def command() -> Iterator[str]:
    context = click.Context(main, info_name="bnconf")
    yield from ("# The command", "", _markdown(inspect.cleandoc(main.help or "")), "")
    for name in main.list_commands(context):
        found = main.commands[name]
        inner = click.Context(found, info_name=name, parent=context)
        yield from (f"## bnconf {name}", "", _markdown(inspect.cleandoc(found.help or "")), "")
        yield from ("```text", found.get_usage(inner).removeprefix("Usage: "), "```", "")
        records = [p.get_help_record(inner) for p in found.params if isinstance(p, click.Option)]
        rows = [(f"`{names}`", _escaped(text)) for names, text in filter(None, records)]
        if rows:
            yield from _table(("option", ""), rows)
            yield ""


# -- the contract of an adapter


def contract() -> Iterator[str]:
    yield from ("# The contract of an adapter", "")
    yield from (_markdown(_body(implementation.__doc__)), "")
    for kind in (implementation.Implementation, implementation.Layer):
        yield from (f"## {kind.__name__}", "", _markdown(_body(kind.__doc__)), "")
        methods = [m for n, m in vars(kind).items() if inspect.isfunction(m) and not n.startswith("_")]
        for method in methods:
            yield from (
                "```python",
                f"def {method.__name__}{inspect.signature(method)}".replace("'", ""),
                "```",
                "",
            )
            yield from (_markdown(_body(method.__doc__)), "")
    for data in (implementation.LayerConfig, implementation.Capabilities, implementation.Gradients):
        yield from (f"## {data.__name__}", "", _markdown(_body(data.__doc__)), "")
        if dataclasses.is_dataclass(data):
            told = _told(data.__doc__)
            yield from _table(
                ("field", "type", "default", ""),
                [
                    (f"`{f.name}`", f"`{f.type}`", _default(f), _markdown(told.get(f.name, "")))
                    for f in dataclasses.fields(data)
                ],
            )
            yield ""


def _default(field: dataclasses.Field[Any]) -> str:
    return "needed" if field.default is dataclasses.MISSING else f"`{field.default!r}`"


# -- the report


def report() -> Iterator[str]:
    every = schema()["$defs"]
    yield from ("# The report", "")
    yield "`bnconf run -o DIR` writes `report.json`. This page describes version 1 of the format. Version 1 may gain"
    yield "fields, and loses none. The package contains the JSON Schema, `conformance/report/schema-v1.json`."
    yield "An infinite ratio is 1e308, since JSON has no infinity. A ratio that was not measured is null."
    for name, each in sorted(every.items(), key=lambda item: item[0] != "Report"):
        description = each.get("description", "")
        yield from ("", f"## {name}", "", _markdown(_body(description)), "")
        told = _told(description)
        if "enum" in each:
            yield "One of " + ", ".join(f"`{value}`" for value in each["enum"]) + "."
        rows = [
            (
                f"`{key}`",
                _type(value),
                "" if key in each.get("required", ()) else "optional",
                _markdown(told.get(key, "")),
            )
            for key, value in each.get("properties", {}).items()
        ]
        if rows:
            yield from _table(("field", "type", "", ""), rows)


def _type(schema: dict[str, Any]) -> str:
    """What a schema admits, in words, with links to the other definitions."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        return f"list of {_type(inner)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(kind)


# -- from docstrings to Markdown


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield "| " + " | ".join(" ".join(cell.split()) for cell in row) + " |"


def _body(docstring: str | None) -> str:
    """A docstring without its fields."""
    return re.split(r"(?m)^\s*:\w", inspect.cleandoc(docstring or ""), maxsplit=1)[0].strip()


def _told(docstring: str | None) -> dict[str, str]:
    """What a docstring says of each field, ``:ivar name: text``."""
    text = re.split(r":(?:raises|param)\b", inspect.cleandoc(docstring or ""))[0]
    parts = re.split(r":ivar ([\w, ]+):|``center``:", text)[1:]
    told = {}
    for names, said in zip(parts[::2], parts[1::2], strict=False):
        for name in (names or "center").split(", "):
            told[name] = said.strip().rstrip(";")
    return told


def _paragraph(docstring: str | None, name: str) -> str:
    """The first paragraph, without the name it begins with."""
    text = inspect.cleandoc(docstring or "").split("\n\n")[0].removeprefix(f"{name}: ")
    return text[:1].upper() + text[1:]


def _markdown(text: str) -> str:
    """Of the markup of docstrings the little that is used: literals and roles. Paragraphs stay."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"``\1``", text)
    parts = re.split(r"(``.+?``|`.+?`)", text)
    return "".join(f"`{p.strip('`')}`" if p.startswith("`") else _escaped(p) for p in parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_>|\[\]])", r"\\\1", text).replace("<", "&lt;")
