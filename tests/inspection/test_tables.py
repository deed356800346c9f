"""What the tables call gone is gone from the installed FastMCP, and what they advise is there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from mcpforge.inspection.checks.middlewares import HOOKS
from mcpforge.inspection.findings import removed, rules

PROBE = """
import importlib, inspect, json, pkgutil, sys, warnings
warnings.simplefilter("ignore")
tables = json.load(sys.stdin)

def imports(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True

def has(dotted):
    module, _, name = dotted.rpartition(".")
    try:
        getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return False
    return True

def runs(line):
    try:
        exec(line, {})
    except Exception as error:
        return repr(error)

from fastmcp import Client, Context, FastMCP
from fastmcp.server.auth import providers
import fastmcp.server.auth, fastmcp.tools, fastmcp.resources, fastmcp.prompts
from fastmcp.server.middleware import Middleware
import mcp_types
found = {}
for module in pkgutil.iter_modules(providers.__path__, providers.__name__ + "."):
    if not imports(module.name):
        continue
    for name, item in vars(importlib.import_module(module.name)).items():
        if inspect.isclass(item):
            found[name] = item
for name in ("OAuthProxy", "OIDCProxy"):
    found[name] = getattr(fastmcp.server.auth, name)
fields = {}
for item in vars(mcp_types).values():
    for field in getattr(item, "model_fields", {}):
        fields[field] = True
from fastmcp.tools import tool_transform, function_tool
from fastmcp.prompts import function_prompt
from fastmcp.resources import function_resource
classes = {**vars(function_tool), **vars(function_prompt), **vars(function_resource),
           **vars(fastmcp.tools), **vars(fastmcp.resources), **vars(fastmcp.prompts)}
server = FastMCP("x")
accepted = lambda f: [*inspect.signature(f).parameters]
print(json.dumps({
    "modules": [name for name in tables["modules"] if imports(name)],
    "names": [name for name in tables["names"] if has(name)],
    "constructor": accepted(FastMCP),
    "server": [name for name in tables["server"] if hasattr(server, name)],
    "server_arguments": {m: accepted(getattr(FastMCP, m)) for m in
                         {key.split(".")[0] for key in tables["server_arguments"]}},
    "standalone": {"tool": accepted(fastmcp.tools.tool), "prompt": accepted(fastmcp.prompts.prompt),
                   "resource": accepted(fastmcp.resources.resource)},
    "functions": {f: accepted(getattr(classes[f.split(".")[0]], f.split(".")[1])) for f in
                  {key.rpartition(".")[0] for key in tables["functions"]}},
    "client_arguments": {m: accepted(getattr(Client, m)) for m in
                         {key.split(".")[0] for key in tables["client_arguments"]}},
    "context": [name for name in tables["context"] if hasattr(Context, name)],
    "client": [name for name in tables["client"] if hasattr(Client, name)],
    "hooks": [name for name in dir(Middleware) if name.startswith("on_")],
    "providers": {name: [p.name for p in inspect.signature(found[name]).parameters.values()
                         if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
                  for name in tables["providers"]},
    "camelcase": [name for name in tables["camelcase"].values() if name not in fields],
    "fixes": {line: runs(line) for line in tables["fixes"]},
}))
"""


def import_lines() -> list[str]:
    """Return the imports that fixes advise, where FastMCP itself brings what they import."""
    fixes = [fix for table in removed().values() for fix in table.values()]
    fixes += [rule.fix for rule in rules().values()]
    parts = [part for fix in fixes for part in fix.partition("  # ")[::2]]
    lines = [part.partition("; ")[0] for part in parts if part.startswith("from ")]
    return sorted({line for line in lines if " import " in line and "fastmcp_tasks" not in line})


@cache
def installed() -> dict[str, Any]:
    """Return what the FastMCP of this environment has, asked in a process of its own."""
    given = json.dumps({**removed(), "fixes": import_lines()})
    command = [sys.executable, "-c", PROBE]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("table", ["modules", "names", "server", "context", "client", "camelcase"])
def test_what_is_called_gone_is_gone(table: str) -> None:
    assert installed()[table] == []


def test_arguments_called_gone_are_refused() -> None:
    assert not removed()["constructor"].keys() & set(installed()["constructor"])
    for entry in removed()["server_arguments"]:
        method, _, argument = entry.partition(".")
        assert argument not in installed()["server_arguments"][method], entry
        assert argument not in installed()["standalone"].get(method, ()), entry


def test_what_a_server_accepts_is_all_of_it() -> None:
    accepted = set(removed()["accepted"]["FastMCP"].split())
    assert accepted == set(installed()["constructor"]) - {"kwargs"}


@pytest.mark.parametrize("table", ["functions", "client_arguments"])
def test_arguments_of_functions_called_gone_are_refused(table: str) -> None:
    for entry in removed()[table]:
        called, _, argument = entry.rpartition(".")
        assert argument not in installed()[table][called], entry


def test_hooks_are_those_of_fastmcp() -> None:
    assert set(installed()["hooks"]) == HOOKS
    assert set(removed()["hooks"].values()) <= HOOKS
    assert not removed()["hooks"].keys() & HOOKS


def test_providers_need_what_the_table_says() -> None:
    needed = {name: arguments.split() for name, arguments in removed()["providers"].items()}
    assert installed()["providers"] == needed


def test_advised_imports_work() -> None:
    assert len(import_lines()) > 20
    assert {line: error for line, error in installed()["fixes"].items() if error} == {}


@pytest.mark.parametrize("line", import_lines())
def test_advised_imports_are_python(line: str) -> None:
    ast.parse(line)
