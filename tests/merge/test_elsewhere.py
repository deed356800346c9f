"""What the user put elsewhere is found there: helpers, dicts, blocks, methods, loops."""

from __future__ import annotations

import pytest

from mcpforge.merge.driver import merge

BASE = '''"""Server."""

from fastmcp import FastMCP

from .lifespan import compose, settings_lifespan
from .logging import Logging
from .routes import add_routes
from .tools import TOOLS


def create_server(settings):
    """Return it."""
    mcp = FastMCP(
        "demo",
        lifespan=compose(
            settings_lifespan(settings),
        ),
        middleware=[
            Logging(),
        ],
        on_duplicate="error",
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    add_routes(mcp)
    return mcp
'''
RICH = (
    BASE.replace("from .lifespan", "from .auth import build_auth\nfrom .lifespan")
    .replace("        lifespan=", "        auth=build_auth(settings),\n        lifespan=")
    .replace("            Logging(),\n", "            Logging(),\n            Audit(),\n")
    .replace("from .auth", "from .audit import Audit\nfrom .auth")
)


def factory_split(text: str) -> str:
    """The call in a helper."""
    start, end = text.index("    mcp = FastMCP("), text.index("    for tool")
    call = text[start:end].replace("    mcp = ", "    return ")
    helper = f"def _bare(settings):\n{call}\n\n"
    text = f"{text[:start]}    mcp = _bare(settings)\n{text[end:]}"
    return text.replace("def create_server", f"{helper}def create_server")


def builder(text: str) -> str:
    """All of it in a method."""
    start = text.index("    mcp = FastMCP(")
    body = "".join(f"    {line}" for line in text[start:].splitlines(keepends=True))
    method = f"class Builder:\n    def build(self, settings):\n{body}\n\n"
    text = f"{text[:start]}    return Builder().build(settings)\n"
    return text.replace("def create_server", f"{method}def create_server")


def keywords_in_dict(text: str) -> str:
    """The arguments in a call of `dict`."""
    start, end = text.index("    mcp = FastMCP("), text.index("    for tool")
    call = text[start:end].replace('mcp = FastMCP(\n        "demo",', "kwargs = dict(")
    return f'{text[:start]}{call}    mcp = FastMCP("demo", **kwargs)\n{text[end:]}'


def middleware_in_loop(text: str) -> str:
    """The middleware added one by one."""
    start = text.index("        middleware=[")
    end = text.index("        on_duplicate")
    shown = text[start:end].replace("        middleware=", "    for each in ")
    shown = shown.replace("\n            ", "\n        ").replace("\n        ],", "\n    ]:")
    shown = f"{shown}        mcp.add_middleware(each)\n"
    text = text[:start] + text[end:]
    return text.replace("    for tool", f"{shown}    for tool")


def within_try(text: str) -> str:
    """The registration within a block."""
    start, end = text.index("    for tool"), text.index("    return mcp")
    block = "".join(f"    {line}" for line in text[start:end].splitlines(keepends=True))
    handler = "    except ValueError:\n        raise SystemExit from None\n"
    return f"{text[:start]}    try:\n{block}{handler}{text[end:]}"


def lazy(text: str) -> str:
    """The imports within the function."""
    imports = [line for line in text.splitlines(keepends=True) if line.startswith("from .")]
    for line in imports:
        text = text.replace(line, "")
    inner = "".join(f"    {line}" for line in imports)
    return text.replace('    """Return it."""\n', f'    """Return it."""\n{inner}')


EDITS = {
    "factory split": factory_split,
    "builder": builder,
    "keywords in dict": keywords_in_dict,
    "middleware in loop": middleware_in_loop,
    "within try": within_try,
}


def parts(text: str) -> list[str]:
    """Return the lines without their indentation, in any order."""
    return sorted(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("how", EDITS)
@pytest.mark.parametrize(("base", "theirs"), [(BASE, RICH), (RICH, BASE)], ids=["add", "remove"])
def test_it_takes_what_comes_and_loses_what_goes(how: str, base: str, theirs: str) -> None:
    merged = merge("src/demo/server.py", base, EDITS[how](base), theirs)
    assert merged.clean, merged.conflicts
    assert ("auth=build_auth(settings)" in merged.text) == (theirs == RICH)
    back = merge("src/demo/server.py", theirs, merged.text, base)
    assert back.clean, back.conflicts
    if how != "keywords in dict":  # a new argument goes to the call itself
        assert parts(merged.text) == parts(EDITS[how](theirs))
        assert back.text == EDITS[how](base)


@pytest.mark.parametrize("how", [*EDITS.values(), lazy])
def test_a_statement_goes_from_where_it_is_now(how: object) -> None:
    assert callable(how)
    theirs = BASE.replace("    add_routes(mcp)\n", "").replace(
        "from .routes import add_routes\n", ""
    )
    merged = merge("src/demo/server.py", BASE, how(BASE), theirs)
    assert merged.clean, merged.conflicts
    assert "add_routes" not in merged.text
    assert merged.text == how(theirs)


def test_what_the_call_needs_follows_it_into_the_helper() -> None:
    theirs = BASE.replace("    mcp = FastMCP(", "    store = connect(settings)\n    mcp = FastMCP(")
    theirs = theirs.replace("        lifespan", "        auth=check(store),\n        lifespan")
    theirs = theirs.replace("from .tools", "from .store import check, connect\nfrom .tools")
    merged = merge("src/demo/server.py", BASE, factory_split(BASE), theirs)
    assert merged.clean, merged.conflicts
    assert "    store = connect(settings)\n    return FastMCP(\n" in merged.text
    back = merge("src/demo/server.py", theirs, merged.text, BASE)
    assert back.text == factory_split(BASE)


def test_what_both_functions_need_stays_a_conflict() -> None:
    theirs = BASE.replace("    mcp = FastMCP(", "    store = connect(settings)\n    mcp = FastMCP(")
    theirs = theirs.replace("        lifespan", "        auth=check(store),\n        lifespan")
    theirs = theirs.replace("add_routes(mcp)", "add_routes(mcp, store)")
    theirs = theirs.replace("from .tools", "from .store import check, connect\nfrom .tools")
    merged = merge("src/demo/server.py", BASE, factory_split(BASE), theirs)
    assert "`store` would not be defined" in merged.conflicts[0].description


def test_no_gap_is_left_between_what_goes_and_comes() -> None:
    base = '"""Doc."""\n\nimport a\n\nif a:\n    b = 1\n\nC = 1\n\n\ndef f():\n    return C\n'
    theirs = '"""Doc."""\n\nimport a\n\n\nclass D:\n    b = 1\n\n\ndef f():\n    return D\n'
    ours = base.replace("    return C", "    return (  # mine\n        C\n    )")
    ours = ours.replace("    return (", "    x = 1\n    return (")
    merged = merge("src/demo/x.py", base, ours, theirs)
    assert "\n\n\n\n" not in merged.text


def test_no_argument_is_given_to_another_function() -> None:
    """The call is nowhere: the helper comes from another module."""
    start, end = BASE.index("    mcp = FastMCP("), BASE.index("    for tool")
    ours = f"{BASE[:start]}    mcp = bare(settings)\n{BASE[end:]}".replace(
        "from fastmcp import FastMCP\n", "from mine import bare\n"
    )
    merged = merge("src/demo/server.py", BASE, ours, RICH)
    assert merged.conflicts


def test_no_argument_is_given_twice() -> None:
    ours = keywords_in_dict(BASE).replace(
        '        on_duplicate="error",', '        on_duplicate="error",\n        auth=None,'
    )
    merged = merge("src/demo/server.py", BASE, ours, RICH)
    assert "`auth` comes in, and you give it by `**` already" in merged.conflicts[0].description


def test_what_was_changed_elsewhere_does_not_go() -> None:
    ours = keywords_in_dict(RICH).replace("auth=build_auth(settings)", "auth=None")
    merged = merge("src/demo/server.py", RICH, ours, BASE)
    assert "`auth` is to go, and you changed it" in merged.conflicts[0].description


def test_an_import_of_the_users_own_stays() -> None:
    own = "\n\ndef more(server):\n    from .routes import add_routes\n\n    add_routes(server)\n"
    theirs = BASE.replace("    add_routes(mcp)\n", "")
    theirs = theirs.replace("from .routes import add_routes\n", "")
    merged = merge("src/demo/server.py", BASE, BASE + own, theirs)
    assert merged.clean
    assert merged.text == theirs + own
