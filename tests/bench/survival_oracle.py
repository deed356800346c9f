"""Did both sides change the same expression? Decided without the merge, from the three texts.

Python is taken apart into entries (statements, arguments, list items, imports) by address; other
files into lines. An insertion touches nothing unless the user changed what it is inserted into.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

Address = tuple[str, ...]


@dataclass
class Entries:
    """What a module consists of: what each entry says, and on which lines it stands."""

    said: dict[Address, str] = field(default_factory=dict)
    lines: dict[Address, tuple[int, int]] = field(default_factory=dict)

    def put(self, address: Address, said: str, node: ast.AST) -> Address:
        """Note an entry; a second one of the same name gets a number."""
        number = 1
        name = address
        while name in self.said:
            number += 1
            name = (*address[:-1], f"{address[-1]} #{number}")
        self.said[name] = said
        first = getattr(node, "lineno", 0)
        self.lines[name] = (first, getattr(node, "end_lineno", first) or first)
        return name

    def body(self, body: list[ast.stmt], address: Address) -> None:
        """Note the statements of a block."""
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                source = (
                    f"{'.' * node.level}{node.module or ''}"
                    if isinstance(node, ast.ImportFrom)
                    else ""
                )
                for alias in node.names:
                    self.put((*address, f"import {source} {alias.name}"), str(alias.asname), node)
            else:
                self.statement(node, address)

    def statement(self, node: ast.stmt, address: Address) -> None:
        """Note a statement and what it holds."""
        blocks = [
            name
            for name in ("body", "orelse", "handlers", "finalbody")
            if getattr(node, name, None)
        ]
        if blocks:
            head = [
                ast.dump(value)
                for name, value in ast.iter_fields(node)
                if name not in ("body", "orelse", "handlers", "finalbody", "name")
                for value in (value if isinstance(value, list) else [value])
                if isinstance(value, ast.AST)
            ]
            name = getattr(node, "name", head[0] if head else "")
            here = self.put((*address, f"{type(node).__name__} {name}"), " ".join(head), node)
            for block in blocks:
                statements = [item for item in getattr(node, block) if isinstance(item, ast.stmt)]
                self.body(statements, here)
            return
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and isinstance(node, ast.Expr):
            self.put((*address, "doc"), str(value.value), node)
        elif isinstance(value, ast.AST) and not (
            isinstance(node, ast.Expr) and not isinstance(value, ast.Call)
        ):
            here = self.put((*address, _name(node, value, address)), "", node)
            self.value(value, (*here, "value"))
        else:
            self.put((*address, ast.dump(node)), "", node)

    def value(self, node: ast.AST, address: Address) -> None:
        """Note an expression, calls and lists entry by entry."""
        if isinstance(node, ast.Call):
            here = self.put(address, f"call {ast.dump(node.func)}", node)
            for number, argument in enumerate(node.args):
                self.value(argument, (*here, _called(argument) or f"argument {number}"))
            for keyword in node.keywords:
                self.value(keyword.value, (*here, f"{keyword.arg}="))
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            here = self.put(address, type(node).__name__, node)
            for item in node.elts:
                self.value(item, (*here, _called(item) or ast.dump(item)))
        elif isinstance(node, ast.Dict):
            here = self.put(address, "Dict", node)
            for key, item in zip(node.keys, node.values, strict=True):
                self.value(item, (*here, "**" if key is None else ast.dump(key)))
        else:
            self.put(address, ast.dump(node), node)


def _name(node: ast.stmt, value: ast.AST, address: Address) -> str:
    """Return what a simple statement is known by: in functions a call counts, not its variable."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    in_class = bool(address) and address[-1].startswith("ClassDef ")
    if isinstance(value, ast.Call) and not in_class:
        kind = "bind" if targets[0] is not None else type(node).__name__
        return f"{kind} {_called(value)}"
    return f"{type(node).__name__} {ast.dump(targets[0]) if targets[0] else ''}"


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return f"{getattr(function, 'attr', getattr(function, 'id', ''))}()"


def _entries(text: str) -> Entries:
    entries = Entries()
    entries.body(ast.parse(text).body, ())
    return entries


def _comments(text: str) -> list[tuple[int, str]]:
    found = []
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        while line <= len(lines) and lines[line - 1].lstrip().startswith(("#",)):
            line += 1
        found.append((line, token.string))
    return found


def _renamed_back(base: Entries, ours: Entries) -> Entries:
    """Give a function that the user renamed its old name: only its name was touched."""
    gone = [
        item for item in base.said if len(item) == 1 and item not in ours.said and "Def " in item[0]
    ]
    new = [
        item for item in ours.said if len(item) == 1 and item not in base.said and "Def " in item[0]
    ]
    if len(gone) != 1 or len(new) != 1:
        return ours
    (old,), (name,) = gone[0], new[0]
    said = {((old, *a[1:]) if a[0] == name else a): s for a, s in ours.said.items()}
    lines = {((old, *a[1:]) if a[0] == name else a): s for a, s in ours.lines.items()}
    return Entries(said, lines)


def _python(base: str, ours: str, theirs: str) -> str:
    old, new = _entries(base), _entries(theirs)
    mine = _renamed_back(old, _entries(ours))
    edited = {a for a, said in old.said.items() if mine.said.get(a) != said}
    known = Counter(comment for _, comment in _comments(base))
    for line, comment in _comments(ours):
        known[comment] -= 1
        if known[comment] < 0:
            around = [a for a, (first, last) in mine.lines.items() if first <= line <= last]
            if around:
                edited.add(max(around, key=lambda a: (mine.lines[a][0], len(a))))
    changed = {a for a, said in old.said.items() if new.said.get(a) != said}
    places = {a[:-1] for a in new.said if a not in old.said}
    both = edited & (changed | places)
    return " › ".join(min(both)) if both else ""


def _plain(text: str) -> list[str]:
    return [line.strip().replace("'", '"') for line in text.splitlines()]


def _lines(base: str, ours: str, theirs: str) -> str:
    old, mine, new = _plain(base), _plain(ours), _plain(theirs)
    changed = {
        i for tag, a, b, _, _ in _differences(old, new) if tag != "insert" for i in range(a, b)
    }
    for tag, first, last, _, _ in _differences(old, mine):
        both = changed & set(range(first, last))
        inside = tag == "insert" and {first - 1, first} <= changed
        if both or inside:
            return f"line {min(both or {first}) + 1}: {old[min(both or {first})]}"
    return ""


def _differences(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [item for item in matcher.get_opcodes() if item[0] != "equal"]


@lru_cache(maxsize=20_000)
def same_place(path: str, base: str, ours: str, theirs: str) -> str:
    """Return where both sides changed the same thing, or nothing."""
    base, ours, theirs = (text.replace("\r\n", "\n") for text in (base, ours, theirs))
    if ours == base or theirs in {base, ours}:
        return ""
    if path.endswith(".py"):
        return _python(base, ours, theirs)
    return _lines(base, ours, theirs)
