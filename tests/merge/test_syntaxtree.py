"""Python merged by syntax tree: before and after."""

from __future__ import annotations

import pytest

from mcpforge.merge.driver import merge

BASE = '''\
"""The server."""

from m import FastMCP, compose, settings_lifespan

from .tools import TOOLS


def create_server(settings):
    """Return a server."""
    mcp = FastMCP(
        "x",
        lifespan=compose(
            settings_lifespan(settings),
        ),
        strict=True,
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    return mcp
'''
THEIRS = '''\
"""The server."""

from m import FastMCP, compose, settings_lifespan

from .audit import Audit
from .health import add_health
from .storage import build_storage, storage_lifespan
from .tools import TOOLS


def create_server(settings):
    """Return a server."""
    storage = build_storage(settings)
    mcp = FastMCP(
        "x",
        lifespan=compose(
            settings_lifespan(settings),
            storage_lifespan(settings, storage),
        ),
        middleware=[
            Audit(),
        ],
        strict=True,
    )
    for tool in TOOLS:
        mcp.add_tool(tool)
    add_health(mcp, settings)
    return mcp
'''


def test_a_call_on_one_line_and_other_names() -> None:
    ours = '''\
"""The server."""

from m import FastMCP, compose, settings_lifespan

from .tools import TOOLS


def create_server(config):
    server = FastMCP('mine', lifespan=compose(settings_lifespan(config)), strict=False)  # here
    [server.add_tool(each) for each in TOOLS]
    return server
'''
    merged = merge("src/p/server.py", BASE, ours, THEIRS)
    assert merged.clean, merged.conflicts
    assert (
        merged.text
        == '''\
"""The server."""

from m import FastMCP, compose, settings_lifespan

from .audit import Audit
from .health import add_health
from .storage import build_storage, storage_lifespan
from .tools import TOOLS


def create_server(config):
    storage = build_storage(config)
    server = FastMCP(
        'mine',
        lifespan=compose(
            settings_lifespan(config),
            storage_lifespan(config, storage),
        ),
        middleware=[
            Audit(),
        ],
        strict=False,
    )  # here
    [server.add_tool(each) for each in TOOLS]
    add_health(server, config)
    return server
'''
    )


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("        strict=True,\n", "        strict=True, middleware=[Mine()],\n", "Mine()"),
        ("    return mcp\n", '    print("ready")\n    return mcp\n', 'print("ready")'),
        ("    mcp = FastMCP(", "    # made here\n    mcp = FastMCP(", "# made here"),
        (
            "            settings_lifespan(settings),\n",
            "            *own(settings),\n",
            "*own(settings)",
        ),
        ("        strict=True,\n", "        # mine\n        strict=True,  # too\n", "# too"),
        ('"""Return a server."""', '"""Return mine."""', "Return mine."),
    ],
)
def test_edits_of_the_users_stay(old: str, new: str, kept: str) -> None:
    names = "import Mine, own\n" if "Mine" in new or "own" in new else ""
    ours = BASE.replace(old, new)
    if names:
        ours = ours.replace("from .tools", f"from .mine {names}from .tools")
    merged = merge("src/p/server.py", BASE, ours, THEIRS)
    assert merged.clean, merged.conflicts
    assert kept in merged.text
    assert "Audit()" in merged.text
    assert "storage_lifespan(settings, storage)" in merged.text
    back = merge("src/p/server.py", THEIRS, merged.text, BASE)
    assert back.clean, back.conflicts
    assert back.text == ours


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        (
            BASE.replace(
                "lifespan=compose(\n            settings_lifespan(settings),\n        ),\n", ""
            ),
            "took out",
        ),
        (
            BASE.replace("create_server(settings)", "create_server()").replace(
                "settings_lifespan(settings)", "x()"
            ),
            "",
        ),
        ("from m import FastMCP\n\nmcp = FastMCP()\n", "`"),
    ],
)
def test_what_has_no_place_is_a_conflict(ours: str, reason: str) -> None:
    merged = merge("src/p/server.py", BASE, ours, THEIRS)
    assert not merged.clean
    assert any(reason in conflict.description for conflict in merged.conflicts)


def test_what_the_user_deleted_stays_deleted() -> None:
    base = "x = [\n    a,\n    b,\n    c,\n]\n".replace("x", "from m import a, b, c, d\n\nx")
    ours = base.replace("[\n    a,\n    b,\n    c,\n]", "[c, a]")
    theirs = base.replace("    c,\n", "    c,\n    d,\n")
    assert merge("x.py", base, ours, theirs).text.endswith("x = [c, d, a]\n")


def test_what_is_there_is_not_added_twice() -> None:
    base = "from m import a, b\n\nx = [a]\n"
    theirs = "from m import a, b\n\nx = [\n    a,\n    b,\n]\n"
    assert merge("x.py", base, "from m import a, b\n\nx = [b, a]  # mine\n", theirs).text == (
        "from m import a, b\n\nx = [b, a]  # mine\n"
    )


def test_taking_out_what_was_edited_is_a_conflict() -> None:
    base = "from m import f\n\nx = [\n    f(1),\n    f(2),\n]\n"
    theirs = "from m import f\n\nx = [\n    f(1),\n]\n"
    assert not merge("x.py", base, base.replace("f(2)", "f(3)"), theirs).clean


def test_a_field_joins_the_users_class() -> None:
    base = "from m import B, F\n\n\nclass S(B):\n    a: int = 1\n    b: int = 2\n"
    field = "    c: str = F(\n        default='',\n    )\n"
    ours = (
        "from m import B, F\n\n\nclass S(B):\n\ta: int = 7\n\tb: int = 2\n\tmine: int = 3\n\n"
        "\tdef g(self):\n\t\treturn 1\n"
    )
    merged = merge("x.py", base, ours, base + field)
    assert merged.clean, merged.conflicts
    assert "\tmine: int = 3\n\tc: str = F(\n\t\tdefault='',\n\t)\n\n\tdef g(self):" in merged.text


def test_text_over_lines_is_moved_as_it_is() -> None:
    base = "from m import F\n\n\ndef f():\n    a = 1\n    return a\n"
    theirs = base.replace("    return a\n", '    b = F("""\nraw\n  text""", 1)\n    return a\n')
    ours = base.replace("    ", "  ").replace("a = 1", "a = 2")
    merged = merge("x.py", base, ours, theirs)
    assert merged.clean
    assert '  b = F("""\nraw\n  text""", 1)\n  return a\n' in merged.text


def test_an_insertion_keeps_clear_of_what_goes() -> None:
    base = (
        "from m import Store, connect\n\nLIMIT = 5\n\n\nclass Own(Store):\n    a = 1\n\n\n"
        "def open_store(url):\n    return Own(connect(url))\n\n\ndef last():\n    return LIMIT\n"
    )
    theirs = "from m import Store\n\nMOST = 10\n\n\ndef open_store(url):\n    return Store(MOST)\n"
    ours = base.replace("    return ", "\n    return ")
    merged = merge("x.py", base, ours, theirs)
    assert merged.clean, merged.conflicts
    assert merged.text == (
        "from m import Store\n\n\nMOST = 10\n\n\ndef open_store(url):\n\n    return Store(MOST)\n"
    )


def test_a_section_of_imports_is_exchanged() -> None:
    base = (
        '"""Doc."""\n\nfrom redis import Redis\nfrom zope import One\n\nfrom ..settings import S\n'
    )
    ours = base.replace("from ..settings", "from demo.settings") + "\n\ndef run() -> S:\n    ...\n"
    base += "\n\ndef run() -> S: ...\n"
    theirs = base.replace(
        "from redis import Redis\nfrom zope import One\n\nfrom ..settings import S\n",
        "from pathlib import Path\n\nfrom rocks import Rocks\n\n"
        "from ..settings import S\nfrom .near import Near\n",
    ).replace("run() -> S: ...", "run(path: Path) -> Near: ...")
    merged = merge("src/demo/storage/backend.py", base, ours, theirs)
    assert merged.clean
    assert merged.text == (
        '"""Doc."""\n\nfrom pathlib import Path\n\nfrom rocks import Rocks\n\n'
        "from demo.settings import S\nfrom demo.storage.near import Near\n\n\n"
        "def run(path: Path) -> Near:\n    ...\n"
    )
