"""Reading the files that GitHub and tox read."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

needs_schemas = pytest.mark.skipif(
    importlib.util.find_spec("check_jsonschema") is None,
    reason="needs the schemas of GitHub: pip install '.[test]'",
)


def read(path: Path) -> Any:
    """A YAML file."""
    reason = "needs a reader of YAML: pip install '.[test]'"
    yaml = pytest.importorskip("ruamel.yaml", reason=reason)
    return yaml.YAML(typ="safe").load(path)


def keeps_to(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Check files by one of the schemas that check-jsonschema brings."""
    check = [sys.executable, "-m", "check_jsonschema", "--default-filetype", "yaml"]
    command = [*check, "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def program(name: str) -> str | None:
    """Where a program is: beside the Python that runs, or on the path."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)


def environments() -> dict[str, list[str]]:
    """The environments of tox by name, and the commands of each, as they are written."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    prefix = "testenv:"
    return {
        name.removeprefix(prefix): parser[name].get("commands", "").strip().splitlines()
        for name in parser.sections()
        if name.startswith(prefix)
    }


def links(document: Path) -> list[str]:
    """The targets of a Markdown document's links."""
    return re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
