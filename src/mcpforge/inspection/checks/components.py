"""Tools, resources and prompts: their decorators, parameters, bodies and results."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mcpforge.inspection.checks.servers import tolerated
from mcpforge.inspection.reports import report
from mcpforge.inspection.roles import COMPONENTS, decorator_role, roles_of
from mcpforge.inspection.scopes import Function, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcpforge.inspection.findings import Finding
    from mcpforge.inspection.values import Source

_VALIDATORS = frozenset(
    {
        "pydantic.field_validator",
        "pydantic.model_validator",
        "pydantic.root_validator",
        "pydantic.validator",
    }
)
_OF_OBJECTS = frozenset({"fn", "from_function", "key", "render", "run"})


def check(source: Source) -> Iterator[Finding]:
    """Yield what is wrong with the components of a file."""
    for role in sorted(COMPONENTS):
        for function in roles_of(source).of(role):
            yield from _parameters(source, function, role)
            yield from _decorators(source, function)
            if role == "prompt":
                yield from _prompt(source, function)
    for function, role in _served(source):
        yield from _prints(source, function, role)
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _validator(source, node)
        elif isinstance(node, ast.Attribute):
            yield from _object(source, node)


def _served(source: Source) -> Iterator[tuple[Function, str]]:
    """Yield the functions that run while a client is served, with what they are."""
    roles = roles_of(source)
    for role in sorted(COMPONENTS | {"lifespan"}):
        for function in roles.of(role):
            yield function, role
    for hook in roles.hooks():
        yield hook, "middleware"


def _prints(source: Source, function: Function, role: str) -> Iterator[Finding]:
    for node in own_nodes(function):
        match node:
            case ast.Call(func=ast.Name(id="print")) if source.value(node.func) is None:
                target = next((k.value for k in node.keywords if k.arg == "file"), None)
                if target is None or ast.unparse(target) == "sys.stdout":
                    yield report(source, "MF301", node, role=role)


def _parameters(source: Source, function: Function, role: str) -> Iterator[Finding]:
    spec = function.args
    parameters = [*spec.posonlyargs, *spec.args]
    pairs = [
        *zip(parameters[len(parameters) - len(spec.defaults) :], spec.defaults, strict=True),
        *((p, d) for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None),
    ]
    for parameter, default in pairs:
        if isinstance(default, ast.Call) and source.name_of(default.func) in {
            "pydantic.Field",
            "pydantic.fields.Field",
        }:
            yield _field(source, parameter, default)
    if spec.vararg:
        yield report(source, "MF305", spec.vararg, role=role, name=f"*{spec.vararg.arg}")
    if spec.kwarg and role != "resource":
        yield report(source, "MF305", spec.kwarg, role=role, name=f"**{spec.kwarg.arg}")


def _field(source: Source, parameter: ast.arg, field: ast.Call) -> Finding:
    given = {keyword.arg: keyword.value for keyword in field.keywords}
    value = field.args[0] if field.args else given.get("default")
    required = value is None or (isinstance(value, ast.Constant) and value.value is ...)
    default = "" if required or value is None else f" = {ast.unparse(value)}"
    kind = ast.unparse(parameter.annotation) if parameter.annotation else "str"
    return report(source, "MF302", field, name=parameter.arg, type=kind, default=default)


def _decorators(source: Source, function: Function) -> Iterator[Finding]:
    for decorator in function.decorator_list:
        role = decorator_role(source, decorator)
        if role not in COMPONENTS:
            continue
        call = decorator if isinstance(decorator, ast.Call) else None
        target = call.func if call else decorator
        name = ast.unparse(target)
        if role == "resource":
            yield from _uri(source, decorator, name)
        if call and isinstance(function, ast.FunctionDef) and _is_task(call):
            yield report(source, "MF308", decorator, name=function.name)
        if isinstance(target, ast.Attribute) and _is_method(source, function):
            yield report(source, "MF309", decorator, decorator=name, name=function.name)


def _uri(source: Source, decorator: ast.expr, name: str) -> Iterator[Finding]:
    if not isinstance(decorator, ast.Call):
        yield report(source, "MF306", decorator, decorator=name)
        return
    given = {keyword.arg: keyword.value for keyword in decorator.keywords}
    uri = decorator.args[0] if decorator.args else given.get("uri")
    text = uri.value if isinstance(uri, ast.Constant) else None
    if uri is not None and isinstance(text, str) and not {":", "{"} & set(text):
        yield report(source, "MF307", uri, uri=text)


def _is_task(call: ast.Call) -> bool:
    return any(
        k.arg == "task" and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in call.keywords
    )


def _is_method(source: Source, function: Function) -> bool:
    parameters = [*function.args.posonlyargs, *function.args.args]
    inside = isinstance(source.scopes.parents[function], ast.ClassDef)
    return inside and bool(parameters) and parameters[0].arg in {"self", "cls"}


def _prompt(source: Source, function: Function) -> Iterator[Finding]:
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            items = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            if any(isinstance(item, ast.Dict | ast.DictComp) for item in items):
                what = "dicts" if isinstance(node.value, ast.List) else "a dict"
                yield report(source, "MF304", node, what=what)
            elif any(source.is_instance(item, "mcp.types.PromptMessage") for item in items):
                yield report(source, "MF304", node, what="a PromptMessage of the SDK")


def _validator(source: Source, function: Function) -> Iterator[Finding]:
    if not isinstance(source.scopes.of[function].node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if source.name_of(target) in _VALIDATORS:
            yield report(source, "MF303", decorator, name=ast.unparse(target))


def _object(source: Source, node: ast.Attribute) -> Iterator[Finding]:
    if node.attr not in _OF_OBJECTS or not isinstance(node.ctx, ast.Load):
        return
    if tolerated(source, node):
        return
    value = source.value(node.value)
    if value is None or value.kind != "function":
        return
    if value.node in roles_of(source).of(*COMPONENTS) and isinstance(node.value, ast.Name):
        yield report(source, "MF310", node, name=node.value.id, attribute=node.attr)
