"""A script: runs the proposed forms that it reads from stdin on the installed FastMCP.

Each form gets a server, a client or a context where it names one, and values for its dots.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import json
import os
import pkgutil
import sys
import tempfile
import warnings
from typing import Any

warnings.simplefilter("ignore")
os.environ.update(
    FASTMCP_CHECK_FOR_UPDATES="off",
    FASTMCP_HOME=tempfile.mkdtemp(),
    FASTMCP_LOG_ENABLED="false",
    FASTMCP_TEST_MODE="true",
)

PRELUDE = """
import anyio, datetime, httpx2, logging
from datetime import UTC, datetime
from typing import Annotated
from pydantic import AfterValidator, BaseModel, Field, SecretStr
from key_value.aio.stores.filetree import FileTreeStore
from key_value.aio.stores.memory import MemoryStore
from mcp.types import *
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from fastmcp import Client, Context, FastMCP
from fastmcp.client.auth import OAuth
from fastmcp.dependencies import Depends
from fastmcp.exceptions import McpError
from fastmcp.prompts import Message, Prompt
from fastmcp.resources import Resource, ResourceTemplate, TextResource
from fastmcp.server import create_proxy
from fastmcp.server.auth import JWTVerifier, OAuthProxy, OIDCProxy, StaticTokenVerifier
from fastmcp.server.event_store import EventStore
from fastmcp.server.middleware.caching import ResponseCachingMiddleware
from fastmcp.server.middleware.error_handling import ErrorHandlingMiddleware
from fastmcp.server.providers.openapi import MCPType, RouteMap
from fastmcp.server.transforms import PromptsAsTools, ResourcesAsTools, ToolTransform
from fastmcp.tools import Tool, ToolResult, tool
class Named:
    is_error, content = False, ["x"]
    def __getattr__(self, name): return SecretStr(name)
    def __getitem__(self, index): return index
class MyMiddleware:
    def __init__(self, app=None): self.app = app
    async def __call__(self, *given): return await given[-1](given[0])
async def fn() -> dict: return {}
def of_one(a: str) -> str: return a
def check(value: str) -> str: return value
def get_db() -> int: return 1
Db = int
mcp, server, target = FastMCP("mcp"), FastMCP("server"), FastMCP("target")
@mcp.tool(name="own")
def a_tool() -> int: return 1
@mcp.resource("data://uri")
def a_resource() -> str: return "r"
@mcp.prompt(name="own")
def a_prompt() -> str: return "p"
name, uri, arguments, key, value, message, db = "own", "data://uri", {}, "k", 1, "m", 1
path, url, instructions, uri_template, my_lifespan = FILE, "http://x.test", "i", "data://{a}", None
resource = TextResource(uri="data://t", text="t")
template = ResourceTemplate.from_function(of_one, "data://{a}")
provider = verifier = StaticTokenVerifier(tokens={})
store, text, logger, named = MemoryStore(), "x", logging.getLogger("x"), Named()
result = settings = Named()
spec = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {},
    "servers": [{"url": "http://x.test"}]}
request = Request({"type": "http", "app": type("App", (), {"state": Named()})})
"""
OIDC = {
    "issuer": "https://i.test",
    "authorization_endpoint": "https://i.test/a",
    "token_endpoint": "https://i.test/t",
    "jwks_uri": "https://i.test/j",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}
VALUES = {
    "allowed_hosts": "['x']",
    "annotations": "ToolAnnotations()",
    "auth": "provider",
    "authkit_domain": "'i.test'",
    "base_url": "'https://x.test'",
    "client_secret": "'s' * 20",
    "config_url": "url",
    "content": "'x'",
    "event_store": "EventStore()",
    "host": "'127.0.0.1'",
    "issuer": "'https://i.test'",
    "json_response": "True",
    "jwks_uri": "'https://i.test/j'",
    "log_level": "'info'",
    "output_schema": "{'type': 'object'}",
    "path": "'/x'",
    "port": "8000",
    "required_scopes": "['read']",
    "tags": "{'a'}",
    "timeout": "5",
    "token_storage": "store",
    "token_verifier": "provider",
}
"""What stands for the dots of a keyword; any other gets a text."""
FIRST = {
    "FileTreeStore": "data_directory=FOLDER",
    "InputRequiredResult": "request_state='s'",
    "OAuth": "url",
    "PromptsAsTools": "mcp",
    "ResourcesAsTools": "mcp",
    "delete_state": "key",
    "get_state": "key",
    "set_state": "key, value",
}
"""What stands for the dots that are all of a call's arguments; any other call gets a text."""
EMPTY = frozenset({"ResponseCachingMiddleware", "disable"})
DECORATED = {"custom_route": "async def f(request): ...", "resource": "def f() -> str: ..."}


def value_of(code: str) -> ast.expr:
    """Return the expression of a piece of code."""
    return ast.parse(code, mode="eval").body


def is_dots(node: ast.AST) -> bool:
    """Tell whether an expression is `...`."""
    return isinstance(node, ast.Constant) and node.value is ...


class Filled(ast.NodeTransformer):
    """Puts values in the place of dots."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Fill the arguments of a call."""
        called = ast.unparse(node.func).rpartition(".")[2]
        if any(is_dots(argument) for argument in node.args):
            arguments = "" if called in EMPTY or "Notification" in called else "text"
            filled = value_of(f"f({FIRST.get(called, arguments)})")
            assert isinstance(filled, ast.Call)
            node.args, node.keywords = filled.args, [*filled.keywords, *node.keywords]
        for keyword in node.keywords:
            if is_dots(keyword.value):
                keyword.value = value_of(VALUES.get(keyword.arg or "", "'text'"))
            elif keyword.arg == "tags":
                keyword.value = value_of("{'a'}")
        return self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        """Fill a set or dict of which only dots are shown."""
        return value_of("{}") if is_dots(node.elts[0]) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Fill what else is left open."""
        return ast.Constant("db") if node.value is ... else node


AROUND = {
    ".": "named{}",
    "except ": "try: raise McpError(code=-1, message='x')\n{} pass",
    "{": "ResponseCachingMiddleware(call_tool_settings={})",
    "call_tool_settings=": "ResponseCachingMiddleware({})",
}
"""What makes a statement of a piece of one, by how it starts."""


def written(code: str) -> str:
    """Return a form as a statement that can stand in a function."""
    for words in (" from the ", " from transform_fn", " in a tool; "):
        code = code.partition(words)[0]
    if code.startswith("@"):
        role = code[1:].partition("(")[0].rpartition(".")[2]
        return f"{code}\n{DECORATED.get(role, 'def f() -> dict: ...')}"
    if code.startswith("async def") and not code.endswith("..."):
        return code.replace("(...)", "()") + ": ..."
    return next((AROUND[s].replace("{}", code, 1) for s in AROUND if code.startswith(s)), code)


def environment(code: str) -> dict[str, Any]:
    """Return the names that a form may use."""
    from fastmcp.server.auth import providers

    scope: dict[str, Any] = {"FOLDER": tempfile.mkdtemp(), "FILE": __file__}
    for found in pkgutil.iter_modules(providers.__path__, f"{providers.__name__}."):
        with contextlib.suppress(ImportError):  # of an extra
            scope.update(vars(importlib.import_module(found.name)))
    exec(PRELUDE, scope)
    if "middleware=[" in code:
        exec("from starlette.middleware import Middleware", scope)
    if "ResourceTemplate" in code:
        scope["fn"] = scope["of_one"]
    elif "add_resource(fn)" in code:
        exec("from fastmcp.resources import resource as r\nfn = r('data://f')(fn)", scope)
    for name in ("helper", "loud", "quiet", "own"):
        scope[name] = scope["check"]
    return scope


async def tried(code: str) -> None:
    """Run one form, with a client or a context around it where it names one."""
    scope = environment(code)
    lines = "".join(f"    {line}\n" for line in written(code).split("\n"))
    tree = ast.fix_missing_locations(Filled().visit(ast.parse(f"async def run():\n{lines}")))
    exec(compile(tree, "fix", "exec"), scope)

    async def run() -> None:
        made = scope["run"]()
        await (anext(made) if hasattr(made, "__anext__") else made)

    if "ctx." in code or "ctx[" in code:
        await _in_a_tool(scope, run)
    elif "client" in code and "as client" not in code:
        async with scope["Client"](scope["mcp"]) as scope["client"]:
            await run()
    else:
        await run()


async def _in_a_tool(scope: dict[str, Any], run: Any) -> None:
    from fastmcp import Context
    from fastmcp.server.lifespan import lifespan

    @lifespan
    async def database(_server: Any) -> Any:
        yield {"db": 1}

    server = scope["FastMCP"]("ctx", lifespan=database)

    async def inside(ctx: Context) -> int:
        scope["ctx"] = ctx
        await run()
        return 1

    inside.__annotations__["ctx"] = Context
    server.tool(inside)

    async def answer(*_given: Any) -> dict[str, bool]:
        return {"value": True}

    client = scope["Client"](server, mode="legacy", elicitation_handler=answer)
    async with client:
        await client.call_tool("inside")


def outcome(fix: str) -> str | None:
    """Return what went wrong with a form, or None."""
    code = fix.partition("  # ")[0]
    try:
        if "mcp.run(" in code:  # it has an event loop of its own
            tree = ast.fix_missing_locations(Filled().visit(ast.parse(code)))
            exec(compile(tree, "fix", "exec"), environment(code))
        else:
            asyncio.run(tried(code))
    except Exception as error:
        raised = code.startswith("raise McpError") and type(error).__name__ == "MCPError"
        return None if raised else f"{type(error).__name__}: {error}"
    return None


def main() -> None:
    """Answer with what went wrong, by form."""
    import uvicorn
    from fastmcp.server.auth.oidc_proxy import OIDCConfiguration

    async def served(*_given: Any, **_named: Any) -> None:
        return None

    def discovered(cls: Any, *_given: Any, **_named: Any) -> Any:
        return cls(**OIDC)

    server: Any = uvicorn.Server
    server.serve = served
    configuration: Any = OIDCConfiguration
    configuration.get_oidc_configuration = classmethod(discovered)
    sys.stdout.write(json.dumps({fix: outcome(fix) for fix in json.load(sys.stdin)}))


if __name__ == "__main__":
    main()
