"""A pytest plugin: ``pytest --bnconf my_adapter.py:MyBatchNorm`` runs a test for each requirement.

Wherever this distribution is installed pytest loads this module each time it starts, whoever's tests they are. So
it imports nothing of the suite until an implementation is asked for.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bnconf", "conformance of batch normalisation")
    group.addoption(
        "--bnconf",
        action="append",
        default=[],
        metavar="IMPLEMENTATION",
        help="Judge this one, a test for each requirement: path/to/file.py:Class, package.module:Class, "
        "exec:COMMAND or a registered id; repeatable.",
    )
    group.addoption(
        "--bnconf-max-examples",
        type=int,
        default=100,
        metavar="N",
        help="Cases for each probe and dtype (default: 100).",
    )
    group.addoption("--bnconf-seed", type=int, default=0, metavar="N", help="Other cases (default: 0).")
    group.addoption(
        "--bnconf-dtype",
        action="append",
        default=[],
        metavar="DTYPE",
        help="Only this dtype; repeatable (default: all that are declared).",
    )
    group.addoption(
        "--bnconf-strict",
        action="store_true",
        help="A SHOULD that does not hold fails; without, it is an expected failure.",
    )
    parser.addini(
        "bnconf_implementations",
        type="linelist",
        default=[],
        help="Implementations to judge, one a line, as for --bnconf; paths are relative to this file.",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("bnconf") or config.getini("bnconf_implementations"):
        from conformance.pytest_plugin.items import Conformance

        config.pluginmanager.register(Conformance(config), "bnconf-items")
