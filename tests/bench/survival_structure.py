"""What users do to how the server is put together: helpers, methods, dicts, loops, blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.survival_edits import PACKAGE, SERVER, Script

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.survival_edits import Change, Texts

_DOC = '    """Return a new, independent server."""\n'
_FIRST, _LOOP, _END = "    mcp = FastMCP(", "    for tool in TOOLS:", "    return mcp\n"


def _of(path: str, edit: Callable[[str], str]) -> Change:
    def change(texts: Texts) -> None:
        texts[path] = edit(texts[path])

    return change


def _deeper(text: str) -> str:
    return re.sub(r"^(?=.)", "    ", text, flags=re.M)


def _call_in_helper(text: str) -> str:
    """Put all up to the call into a function of its own."""
    head, doc, body = text.partition(_DOC)
    before, _, rest = body.partition(_FIRST)
    call, _, rest = rest.partition(_LOOP)
    first = head.index("def create_server")
    helper = f"def _bare(settings: Settings) -> FastMCP:\n{before}    return FastMCP({call}\n\n"
    body = f"{doc}    mcp = _bare(settings)\n{_LOOP}{rest}"
    return f"{head[:first]}{helper}{head[first:]}{body}"


def _in_method(text: str) -> str:
    """Put all into a method."""
    head, doc, body = text.partition(_DOC)
    first = head.index("def create_server")
    method = "class Builder:\n    def build(self, settings: Settings) -> FastMCP:\n"
    whole = f"{head[first:]}{doc}    return Builder().build(settings)\n"
    return f"{head[:first]}{method}{_deeper(body)}\n\n{whole}"


def _keywords_in_dict(text: str) -> str:
    """Give the arguments by `**`."""
    head, _, rest = text.partition(f"{_FIRST}\n")
    call, _, rest = rest.partition("\n    )\n")
    name, _, keywords = call.partition("\n")
    given = f"{name.strip().removesuffix(',')}, **kwargs"
    return f"{head}    kwargs = dict(\n{keywords}\n    )\n    mcp = FastMCP({given})\n{rest}"


def _middleware_in_loop(text: str) -> str:
    """Add the middleware one by one."""
    found = re.search(r"        middleware=(\[\n.*?\n        \]),\n", text, re.S)
    shown = found[1].replace("\n    ", "\n") if found else "()"
    text = text.replace(found[0], "") if found else text
    loop = f"    for each in {shown}:\n        mcp.add_middleware(each)\n"
    return text.replace(_LOOP, f"{loop}{_LOOP}", 1)


def _within_try(text: str) -> str:
    """Register within a block."""
    head, loop, rest = text.partition(_LOOP)
    body, end, rest = rest.partition(_END)
    handler = "    except ValueError:\n        raise SystemExit from None\n"
    return f"{head}    try:\n{_deeper(loop + body)}{handler}{end}{rest}"


def _late_imports(text: str) -> str:
    """Import in the function what it needs."""
    lines = re.findall(r"^from \.[\w.]+ import (?!Settings)[^(\n]*\n", text, re.M)
    for line in lines:
        text = text.replace(line, "", 1)
    return text.replace(_DOC, _DOC + "".join(f"    {line}" for line in lines), 1)


def _tools_built(text: str) -> str:
    """Make a tuple of a list."""
    pattern = r"^TOOLS: .*? = \[\n(.*?)\n\]\n"
    built = r"_tools: list[Callable[..., Any]] = [\n\1\n]\nTOOLS: Sequence[Any] = tuple(_tools)\n"
    return re.sub(pattern, built, text, flags=re.S | re.M)


def _settings_split(text: str) -> str:
    """Put some settings into a base class."""
    found = re.search(r"    transport: .*?(?=    allowed_hosts:)", text, re.S)
    assert found is not None
    base = f'class Network(BaseSettings):\n    """Where it is."""\n\n{found[0]}\n\n'
    text = text.replace(found[0], "").replace(
        "class Settings(BaseSettings)", "class Settings(Network)"
    )
    return text.replace("class Settings(", f"{base}class Settings(")


STRUCTURE_SCRIPTS = [
    Script("call in a helper", _of(SERVER, _call_in_helper)),
    Script("server in a method", _of(SERVER, _in_method)),
    Script("keywords in a dict", _of(SERVER, _keywords_in_dict)),
    Script("middleware in a loop", _of(SERVER, _middleware_in_loop)),
    Script("within try", _of(SERVER, _within_try)),
    Script("late imports", _of(SERVER, _late_imports)),
    Script("tools built", _of(f"{PACKAGE}/tools/__init__.py", _tools_built)),
    Script("settings split", _of(f"{PACKAGE}/settings.py", _settings_split)),
]
