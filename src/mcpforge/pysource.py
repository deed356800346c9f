"""Python source as `ruff format` and `ruff check --select I` would leave it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from mcpforge.characters import escape_unseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LINE_LENGTH = 100
_INLINE_LENGTH = 60
_NUMBERS = re.compile(r"(\d+)")


def literal(value: object) -> str:
    """Return the Python literal of a str, number, bool, None or list of them.

    A list that holds something has one item a line, whatever their lengths.
    """
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        body = "".join(f"    {_indented(literal(item))},\n" for item in value)
        return f"[\n{body}]" if body else "[]"
    if isinstance(value, float):
        return repr(value).replace("e+", "e")
    return repr(value)


def _string(text: str) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    quoted = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escape_unseen(quoted, hex_escapes=True)}{quote}"


def call(
    function: str,
    arguments: Sequence[str] = (),
    keywords: Mapping[str, str] | None = None,
) -> str:
    """Return a call: short plain names on one line, everything else one argument a line."""
    keywords = keywords or {}
    inline = f"{function}({', '.join(arguments)})"
    if not keywords and len(inline) <= _INLINE_LENGTH and all(map(_is_plain, arguments)):
        return inline
    given = [*arguments, *(f"{key}={value}" for key, value in keywords.items())]
    body = "".join(f"    {_indented(item)},\n" for item in given)
    return f"{function}(\n{body})"


def _indented(expression: str) -> str:
    return expression.replace("\n", "\n    ")


def _is_plain(expression: str) -> bool:
    return all(part.isidentifier() for part in expression.split("."))


def import_block(imports: Iterable[str], first_party: str = "") -> str:
    """Return one sorted import block.

    Each import is `module` or `module:name`; a leading dot makes it relative. Sections and order
    are those of ruff's isort rules: standard library, third party, first party, relative.
    """
    plain: dict[int, set[str]] = {}
    named: dict[int, dict[str, set[str]]] = {}
    for spec in imports:
        module, _, name = spec.partition(":")
        section = _section(module, first_party)
        if name:
            named.setdefault(section, {}).setdefault(module, set()).add(name)
        else:
            plain.setdefault(section, set()).add(module)
    blocks = []
    for section in sorted(plain.keys() | named.keys()):
        lines = [f"import {module}" for module in sorted(plain.get(section, ()), key=_natural)]
        for module, names in sorted(named.get(section, {}).items(), key=_module_key):
            lines.append(from_import(module, sorted(names, key=_member_key)))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def import_place(spec: str, first_party: str = "") -> tuple[object, ...]:
    """Return what import statements are sorted by; the spec is as `import_block` takes it."""
    module, _, name = spec.partition(":")
    return (_section(module, first_party), bool(name), _module_key((module, set())))


def member_place(name: str) -> tuple[object, ...]:
    """Return what the names of one import statement are sorted by."""
    return _member_key(name)


def from_import(module: str, names: Sequence[str]) -> str:
    """Return one `from … import …`, in brackets and a name a line where it is too long for one."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE_LENGTH:
        return line
    body = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{body})"


def _section(module: str, first_party: str) -> int:
    if module.startswith("."):
        return 4
    top = module.split(".", 1)[0]
    if top == "__future__":
        return 0
    if top in sys.stdlib_module_names:
        return 1
    return 3 if top == first_party else 2


def _module_key(item: tuple[str, set[str]]) -> tuple[int, object]:
    module = item[0]
    level = len(module) - len(module.lstrip("."))
    return (-level, _natural(module.lstrip(".")))


def _member_key(name: str) -> tuple[int, object]:
    constant = name.isupper() and len(name) > 1
    return (0 if constant else 1 if name[:1].isupper() else 2, _natural(name))


def _natural(text: str) -> tuple[object, ...]:
    parts = _NUMBERS.split(text.lower())
    return (tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts), text)
