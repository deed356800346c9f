"""Authentication: providers that miss arguments, wrapped secrets, settings that nobody reads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.findings import removed
from mcpforge.inspection.reports import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

ENVIRONMENT = "FASTMCP_SERVER_AUTH"
_SECRETS = frozenset({"client_secret", "jwt_signing_key", "upstream_client_secret"})
_UNWRAPS = frozenset({"IntrospectionTokenVerifier", "PropelAuthProvider"})
_SECRET_TYPES = ("pydantic.SecretStr", "pydantic.types.SecretStr")


def check(source: Source) -> Iterator[Finding]:
    """Yield providers that fail when they are built or used, and settings without effect."""
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = source.name_of(node.func)
            if required := removed()["providers"].get(name):
                yield from _missing(source, node, name, required.split())
                yield from _wrapped(source, node, name)
        elif isinstance(node, ast.Constant) and _is_set(source, node):
            yield report(source, "MF603", node, name=ENVIRONMENT)


def _missing(source: Source, call: ast.Call, name: str, required: list[str]) -> Iterator[Finding]:
    given = {keyword.arg for keyword in call.keywords}
    missing = [argument for argument in required if argument not in given]
    if not missing or None in given or call.args:
        return
    arguments = ", ".join(f"{argument}=..." for argument in required)
    yield report(source, "MF601", call, name=name, missing=_listed(missing), arguments=arguments)


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def _wrapped(source: Source, call: ast.Call, name: str) -> Iterator[Finding]:
    if name in _UNWRAPS:
        return
    for keyword in call.keywords:
        wrapped = any(source.is_instance(keyword.value, kind) for kind in _SECRET_TYPES)
        if wrapped and keyword.arg in _SECRETS:
            yield report(source, "MF602", keyword, name=str(keyword.arg))


def _is_set(source: Source, node: ast.Constant) -> bool:
    """Tell whether a text names the variable, and gives it a value."""
    if node.value != ENVIRONMENT:
        return False
    parent = source.scopes.parents[node]
    match parent:
        case ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Call(
            func=ast.Attribute(attr="setdefault" | "setenv" | "putenv"), args=[first, *_]
        ):
            return first is node
        case ast.Dict() if node in parent.keys:
            return _is_environment(source, parent)
    return False


def _is_environment(source: Source, table: ast.Dict) -> bool:
    """Tell whether a dict becomes the environment of this process or of another one."""
    around = source.scopes.parents[table]
    if isinstance(around, ast.keyword):
        return "env" in (around.arg or "")
    if isinstance(around, ast.Call):
        called = around.func
        on = called.value if isinstance(called, ast.Attribute) else called
        return any("environ" in ast.unparse(part) for part in [on, *around.args[:1]])
    return False
