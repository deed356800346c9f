"""Text of the templates as it reads in a project whose modules the user moved or renamed."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from mcpforge.pysource import LINE_LENGTH, import_place, member_place

_IMPORT = re.compile(
    r"^(?P<indent>[ \t]*)from (?P<dots>\.*)(?P<module>[\w.]*) import "
    r"(?:\((?P<many>[^()#]*)\)|(?P<few>\w(?:[\w, ]*\w)?))",
    re.MULTILINE,
)
_STATEMENT = re.compile(
    r"(?P<indent>[ \t]*)(?:from (?P<module>[\w.]+) import (?:\([^()]*\)|(?P<name>\w+)[^\n(]*)"
    r"|import (?P<plain>[\w.]+)[^\n]*)[^\n]*\n"
)

Item = tuple[str, str]
"""An imported name and its alias."""


def module_of(path: str) -> str:
    """Return the dotted module of a path below `src/`, or of a top-level path."""
    parts = PurePosixPath(path).with_suffix("").parts
    parts = parts[1:] if parts[:1] == ("src",) else parts
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)


@dataclass(frozen=True)
class Places:
    """Where the user has what the templates put elsewhere.

    `files` maps a path of ours to its path now, `names` a module of ours and a name that it defines
    to that name now. `gone` holds modules of ours, and names in them as `module.name`, that are
    nowhere any more.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[Item, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def adapt(self, content: bytes, path: str, *, in_order: bool = True) -> bytes:
        """Return the content of a file of ours as it reads in this project.

        Imports of what was moved or renamed follow it, and so do its dotted name and its path in
        strings and other texts; a file that was moved itself imports from where it is now. Imports
        are put in order again, or not, as editors and `sed` leave them.
        """
        if not (self.files or self.names):
            return content
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return content
        if path.endswith(".py"):
            text, changed = self._with_imports(text, path, self.files.get(path, path))
            if changed and in_order:
                text = _sorted_imports(text)
        return self._with_mentions(text).encode()

    def is_adapted(self, content: bytes, path: str, ours: bytes) -> bool:
        """Whether the user's file is ours, with no more done to it than those moves ask for."""
        if not (self.files or self.names):
            return False
        return ours == self.adapt(content, path, in_order=self.sorts(content, path, ours))

    def sorts(self, content: bytes, path: str, ours: bytes) -> bool:
        """Whether the user put imports in order after those moves; `content` is ours."""
        left = self.adapt(content, path, in_order=False)
        if left == self.adapt(content, path):
            return True
        lines = [line for line in left.splitlines() if line.startswith((b"from ", b"import "))]
        mine = ours.splitlines()
        return [line for line in mine if line in lines] != [line for line in lines if line in mine]

    def unmet(self, content: bytes, path: str) -> frozenset[str]:
        """Return what a Python file of ours imports that is nowhere any more."""
        if not self.gone or not path.endswith(".py"):
            return frozenset()
        found: set[str] = set()
        for match in _IMPORT.finditer(content.decode("utf-8")):
            module = _absolute(match["dots"], match["module"], path)
            names = {f"{module}.{name}" for name, _ in _items(match)}
            found |= {module} & self.gone or names & self.gone
        return frozenset(found)

    @cached_property
    def _modules(self) -> Mapping[str, str]:
        """Dotted name as rendered → dotted name now."""
        pairs = (
            (module_of(old), module_of(new))
            for old, new in self.files.items()
            if old.endswith(".py")
        )
        return {old: new for old, new in pairs if old != new}

    def _with_imports(self, text: str, old: str, new: str) -> tuple[str, bool]:
        """Return a module that was `old` and is `new` with its imports, and if one changed."""
        followed: dict[str, str] = {}
        changed = False

        def rewritten(match: re.Match[str]) -> str:
            nonlocal changed
            module = _absolute(match["dots"], match["module"], old)
            wanted: dict[str, list[Item]] = {}
            for name, alias in _items(match):
                home, item = self._now(module, name, alias)
                if item != (name, alias) and not alias and (module, name) in self.names:
                    followed[name] = item[0]
                wanted.setdefault(home, []).append(item)
            target = _spelled(module, new, relative=bool(match["dots"]))
            if wanted == {module: _items(match)} and target == match["dots"] + match["module"]:
                return match[0]
            changed = True
            spelled = (
                (_spelled(home, new, relative=bool(match["dots"])), items)
                for home, items in wanted.items()
            )
            return "\n".join(_statement(match, module, items) for module, items in spelled)

        text = _IMPORT.sub(rewritten, text)
        return _with_names(text, followed) if followed else text, changed

    def _now(self, module: str, name: str, alias: str) -> tuple[str, Item]:
        """Return from where an imported name comes now, and what it is called there."""
        inner = self._modules.get(f"{module}.{name}" if module else name)
        if inner:
            home, _, leaf = inner.rpartition(".")
            return home, (leaf, alias or (name if leaf != name else ""))
        return self._modules.get(module, module), (self.names.get((module, name), name), alias)

    def _with_mentions(self, text: str) -> str:
        for (module, name), new in self.names.items():
            home = self._modules.get(module, module)
            pattern = rf"(?<![\w./-]){re.escape(module)}([.:]){name}(?!\w)"
            text = re.sub(pattern, rf"{home}\g<1>{new}", text)
        for old, new in self._modules.items():
            if "." in old:
                text = re.sub(rf"(?<![\w./-]){re.escape(old)}(?!\w)", new, text)
        for old, new in self.files.items():
            text = re.sub(rf"(?<![\w./-]){re.escape(old)}(?!\w)", new, text)
        return text


def relocate(text: str, old: str, new: str) -> str:
    """Return a module's text with its relative imports as they read from another path.

    Both are POSIX paths below the same root; what was a relative import stays one where it can.
    """
    return Places({old: new}).adapt(text.encode(), old).decode()


def _items(match: re.Match[str]) -> list[Item]:
    listed = (part.partition(" as ") for part in (match["many"] or match["few"] or "").split(","))
    return [(name.strip(), alias.strip()) for name, _, alias in listed if name.strip()]


def _package(path: str) -> list[str]:
    parts = list(PurePosixPath(path).parent.parts)
    return parts[1:] if parts[:1] == ["src"] else parts


def _absolute(dots: str, module: str, path: str) -> str:
    """Return the full name of a module that a file at this path imports from."""
    if not dots:
        return module
    package = _package(path)
    kept = package[: max(len(package) - len(dots) + 1, 0)]
    return ".".join([*kept, *([module] if module else [])])


def _spelled(module: str, place: str, *, relative: bool) -> str:
    """Return how a file at this place names a module; relatively only inside one package."""
    target, package = module.split("."), _package(place)
    if not relative or not package or target[0] != package[0]:
        return module
    shared = 0
    while shared < min(len(target), len(package)) and target[shared] == package[shared]:
        shared += 1
    return "." * (len(package) - shared + 1) + ".".join(target[shared:])


def _statement(match: re.Match[str], module: str, items: list[Item]) -> str:
    """Return an import statement, laid out as the one that it stands for."""
    items = sorted(items, key=lambda item: member_place(item[0]))
    names = [f"{name} as {alias}" if alias else name for name, alias in items]
    indent = match["indent"]
    line = f"{indent}from {module} import {', '.join(names)}"
    if match["many"] is None and len(line) <= LINE_LENGTH:
        return line
    body = "".join(f"{indent}    {name},\n" for name in names)
    return f"{indent}from {module} import (\n{body}{indent})"


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """Return a module that uses imported names as they are called now.

    Where it binds such a name itself as well, the import gets an alias instead.
    """
    nodes = list(ast.walk(ast.parse(text)))
    used = [node for node in nodes if isinstance(node, ast.Name) and node.id in names]
    bound = {_bound(node) for node in nodes}
    lines = text.split("\n")
    for node in sorted(used, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if node.id not in bound:
            raw = lines[node.lineno - 1].encode()
            head, tail = raw[: node.col_offset], raw[node.col_offset + len(node.id.encode()) :]
            lines[node.lineno - 1] = (head + names[node.id].encode() + tail).decode()
    text = "\n".join(lines)
    for name in names.keys() & bound:
        pattern = rf"(\n[ \t]*from [^\n]* import (?:\([^)]*)?\b{names[name]})\b"
        text = re.sub(pattern, rf"\1 as {name}", text, count=1)
    return text


def _bound(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
    return ""


def _sorted_imports(text: str) -> str:
    """Return the text with every block of import lines in the order of ruff's isort rules."""
    pieces = []
    block: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        found = _STATEMENT.match(text, at)
        if found and (not block or block[0]["indent"] == found["indent"]):
            block.append(found)
            at = found.end()
            continue
        if block:
            pieces += _in_order(block)
            block = []
            continue
        end = text.find("\n", at) + 1 or len(text)
        pieces.append(text[at:end])
        at = end
    return "".join([*pieces, *_in_order(block)])


def _in_order(block: list[re.Match[str]]) -> list[str]:
    def place(match: re.Match[str]) -> tuple[object, ...]:
        return import_place(match["plain"] or f"{match['module']}:{match['name'] or '_'}")

    return [match[0] for match in sorted(block, key=place)]
