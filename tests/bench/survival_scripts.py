"""What users do to a whole project: the edits of single files, and moves, deletions, own modules.

A script changes a project as paths and texts. `rewrites` marks those that spell the templates' own
code differently (formatting, names): what they "wrote" may go together with what it spells.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from edit_scripts import EDITS

Texts = dict[str, str]
Change = Callable[[Texts], None]

PACKAGE = "src/demo"
SERVER = f"{PACKAGE}/server.py"
OWN_MODULES = {
    "from .greet import greet": (
        f"{PACKAGE}/tools/greet.py",
        'def greet(name: str) -> str:\n    """Say hello."""\n    return f"Hello, {name}"\n',
    ),
    "from .zebra import zebra": (
        f"{PACKAGE}/tools/zebra.py",
        'def zebra() -> str:\n    """Return stripes."""\n    return "stripes"\n',
    ),
    "import zzz": (f"{PACKAGE}/zzz.py", '"""Mine."""\n\nzzz = 1\n'),
    "import Mine": (
        f"{PACKAGE}/mine.py",
        "from fastmcp.server.middleware import Middleware\n\n\nclass Mine(Middleware):\n"
        '    """Mine."""\n',
    ),
}
REWRITING = frozenset(
    [
        *("absolute imports", "imports reversed", "single quotes", "two spaces", "tabs"),
        *("black 79", "black 88", "black 120", "black 79, single quotes", "reflowed call"),
        *("renamed mcp", "renamed settings", "renamed app", "renamed tool", "uv reindented"),
        *("tools on one line", "extracted list", "wrapped call", "everything", "reindented JSON"),
        *("server.py moved", "server.py renamed", "settings.py moved", "factory renamed"),
        *("imports in brackets", "options extracted"),
    ]
)


@dataclass(frozen=True)
class Script:
    """A realistic edit: what it does, and where it moves files of ours."""

    name: str
    change: Change
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def rewrites(self) -> bool:
        """Whether it spells the templates' code in another way."""
        return self.name in REWRITING

    def edited(self, texts: Texts) -> Texts:
        """Return a project after the edit."""
        result = dict(texts)
        self.change(result)
        for marker, (path, content) in OWN_MODULES.items():
            if any(marker in text for text in result.values()):
                result.setdefault(path, content)
        return result


def _everywhere(edit: Callable[[str, str], str]) -> Change:
    def change(texts: Texts) -> None:
        for path, text in texts.items():
            result = edit(path, text)
            texts[path] = result if not path.endswith(".py") or _parses(result) else text

    return change


def _parses(text: str) -> bool:
    """Say whether an edit left Python; one that didn't, nobody would have kept."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _in(path: str, *steps: tuple[str, str]) -> Change:
    """Return a change of one file by regular expressions."""

    def change(texts: Texts) -> None:
        for pattern, replacement in steps:
            if path in texts:
                texts[path] = re.sub(pattern, replacement, texts[path], flags=re.M)

    return change


def _move(old: str, new: str) -> Change:
    """Return the move of a module one folder down, with all imports put right."""
    before = old.removeprefix("src/").removesuffix(".py").replace("/", ".")
    after = new.removeprefix("src/").removesuffix(".py").replace("/", ".")
    short, long = before.partition(".")[2], after.partition(".")[2]

    def change(texts: Texts) -> None:
        text = re.sub(r"^from \.", "from ..", texts.pop(old), flags=re.M)
        for path in list(texts):
            if path.endswith(".py"):
                moved = re.sub(rf"^from {before} ", f"from {after} ", texts[path], flags=re.M)
                pattern = rf"^from (\.+){short} "
                texts[path] = re.sub(pattern, rf"from \1{long} ", moved, flags=re.M)
        texts[new] = text
        folder = new.rpartition("/")[0]
        texts.setdefault(f"{folder}/__init__.py", '"""Moved here."""\n')

    return change


def _tests_moved(texts: Texts) -> None:
    for path in [item for item in texts if re.match(r"tests/test_\w+\.py$", item)]:
        texts[path.replace("tests/", "tests/unit/")] = texts.pop(path)


def _deleted(*paths: str) -> Change:
    def change(texts: Texts) -> None:
        for path in paths:
            texts.pop(path, None)

    return change


def _both(*changes: Change) -> Change:
    def change(texts: Texts) -> None:
        for each in changes:
            each(texts)

    return change


def _added(path: str, text: str) -> Change:
    def change(texts: Texts) -> None:
        texts[path] = text

    return change


def _end(path: str, text: str) -> Change:
    def change(texts: Texts) -> None:
        if path in texts:
            texts[path] += text

    return change


def _factory_renamed(texts: Texts) -> None:
    for path in [item for item in texts if item.endswith(".py")]:
        texts[path] = texts[path].replace("create_server", "build_server")


def _docstrings(texts: Texts) -> None:
    for path in [item for item in texts if item.endswith(".py")]:
        texts[path] = re.sub(r'\A"""[^"]*"""', f'"""Mine: {path}."""', texts[path])


def _suppressions(texts: Texts) -> None:
    for path in [item for item in texts if item.startswith(PACKAGE) and item.endswith(".py")]:
        pattern = r"^(from \.\w* import [^(\n]*)$"
        texts[path] = re.sub(pattern, r"\1  # pylint: disable=all", texts[path], flags=re.M)


def _bracketed(texts: Texts) -> None:
    for path in [item for item in texts if item.startswith(PACKAGE) and item.endswith(".py")]:
        pattern = r"^(from \.[\w.]+ import) ([^(\n]*)$"
        texts[path] = re.sub(pattern, r"\1 (\n    \2,\n)", texts[path], flags=re.M)


def _blank_lines(texts: Texts) -> None:
    for path in [item for item in texts if item.startswith(PACKAGE) and item.endswith(".py")]:
        texts[path] = re.sub(r"^(    (?:for|return|mcp|app) .*)$", r"\n\1", texts[path], flags=re.M)


_OWN_TOOLS = (
    '"""Weather."""\n\nfrom fastmcp import FastMCP\n\n\ndef register(mcp: FastMCP) -> None:\n'
    '    """Add the tools."""\n\n    @mcp.tool\n    def weather(city: str) -> str:\n'
    '        """Say how it is."""\n        return f"{city}: fine"\n'
)
_WATCHED = (
    "\n\ndef audited(mcp: FastMCP) -> FastMCP:\n"
    '    """Say that it is there."""\n    return mcp\n'
)

_PROJECT_SCRIPTS = [
    Script("untouched", lambda _texts: None),
    Script("server.py moved", _move(SERVER, f"{PACKAGE}/core/server.py"), {SERVER: f"{PACKAGE}/core/server.py"}),
    Script("server.py renamed", _move(SERVER, f"{PACKAGE}/service/main.py"), {SERVER: f"{PACKAGE}/service/main.py"}),
    Script(
        "settings.py moved",
        _move(f"{PACKAGE}/settings.py", f"{PACKAGE}/config/settings.py"),
        {f"{PACKAGE}/settings.py": f"{PACKAGE}/config/settings.py"},
    ),
    Script("tests moved", _tests_moved),
    Script("tests deleted", _deleted("tests/test_http.py", "tests/test_process.py")),
    Script(
        "echo deleted",
        _both(
            _deleted(f"{PACKAGE}/tools/echo.py", "tests/test_echo.py"),
            _in(
                f"{PACKAGE}/tools/__init__.py",
                (r"^from \.echo import echo$", "from .greet import greet"),
                (r"^    echo,$", "    greet,"),
            ),
        ),
    ),
    Script("README deleted", _both(_deleted("README.md"), _in("pyproject.toml", (r'^readme = .*\n', "")))),
    Script(
        "README renamed",
        _both(
            lambda texts: texts.update({"docs/guide.md": texts.pop("README.md")}),
            _in("pyproject.toml", (r"^readme = .*", 'readme = "docs/guide.md"')),
        ),
        {"README.md": "docs/guide.md"},
    ),
    Script(
        "own package",
        _both(
            _added(f"{PACKAGE}/weather/__init__.py", _OWN_TOOLS),
            _in(
                SERVER,
                (r"^from \.tools import TOOLS$", "from .tools import TOOLS\nfrom .weather import register"),
                (r"^    return mcp$", "    register(mcp)\n    return mcp"),
            ),
        ),
    ),
    Script(
        "list composed",
        _both(
            _added(f"{PACKAGE}/own.py", 'def mine() -> str:\n    """Mine."""\n    return ""\n\n\nOWN = [mine]\n'),
            _in(
                f"{PACKAGE}/tools/__init__.py",
                (r"^(from \.echo import echo)$", r"from ..own import OWN\n\1"),
                (r"^(TOOLS: .*\[)$", r"\1\n    *OWN,"),
            ),
        ),
    ),
    Script(
        "registered in place",
        _in(
            SERVER,
            (r"^(from \.settings import .*)$", r"from .mine import Mine\n\1"),
            (
                r"^    return mcp$",
                '    mcp.add_middleware(Mine())\n\n    @mcp.tool\n    def ping() -> str:\n        """Pong."""\n'
                '        return "pong"\n\n    return mcp',
            ),
        ),
    ),
    Script(
        "parameter added",
        _in(
            SERVER,
            (r"^def create_server\(settings: Settings\)", "def create_server(settings: Settings, *, quiet: bool = False)"),
            (r"^(    mcp = FastMCP\($)", r"    assert not quiet\n\1"),
        ),
    ),
    Script("factory renamed", _factory_renamed),
    Script(
        "future annotations",
        _both(
            *(
                _in(path, (r'\A("""[^"]*"""\n)', r"\1\nfrom __future__ import annotations\n"))
                for path in (SERVER, f"{PACKAGE}/web.py", f"{PACKAGE}/startup.py")
            )
        ),
    ),
    Script("comments on imports", _suppressions),
    Script("imports in brackets", _bracketed),
    Script("docstrings rewritten", _docstrings),
    Script("blank lines", _blank_lines),
    Script(
        "options extracted",
        _in(
            SERVER,
            (r'^    mcp = FastMCP\(\n        ("[^"]*"),\n        instructions=(.*),\n', r"    options: dict[str, str] = {'instructions': \2}\n    mcp = FastMCP(\n        \1,\n        **options,\n"),
            (r"\Z", _WATCHED),
        ),
    ),
    Script(
        "annotated server",
        _in(SERVER, (r"^    mcp = FastMCP\(", "    mcp: FastMCP = FastMCP("), (r"^    return mcp$", "    return audited(mcp)"), (r"\Z", _WATCHED)),
    ),
    Script(
        "own lifespan",
        _in(
            SERVER,
            (r"settings_lifespan\(settings\)(,?)$", r"settings_lifespan(settings) | settings_lifespan(settings)\1"),
        ),
    ),
    Script(
        "pins",
        _in("pyproject.toml", (r'"fastmcp>=[^"]*"', '"fastmcp==4.1.2"'), (r'"uvicorn>=[^"]*"', '"uvicorn[standard]>=0.35,<1"')),
    ),
    Script(
        "dependencies resorted",
        lambda texts: texts.update(
            {
                "pyproject.toml": re.sub(
                    r"^dependencies = \[\n((?:    .*\n)*)\]",
                    lambda found: "dependencies = [\n" + "".join(reversed(found[1].splitlines(keepends=True))) + "]",
                    texts["pyproject.toml"],
                    flags=re.M,
                )
            }
        ),
    ),
    Script(
        "own checks",
        _both(
            _in("pyproject.toml", (r"^line-length = 100$", "line-length = 88"), (r"^fail_under = 90$", "fail_under = 75")),
            _end("pyproject.toml", "\n[tool.codespell]\nskip = \"*.lock\"\n"),
            _added(".editorconfig", "root = true\n"),
        ),
    ),
    Script("own Makefile", _added("Makefile", "all:\n\techo mine\n")),
    Script(
        "logs changed",
        _in(f"{PACKAGE}/logs.py", (r'^(def configure_logging.*)$', r'OWN_LOGGER = "demo.own"\n\n\n\1'), (r"\Z", "\n\nlogging.getLogger(OWN_LOGGER).setLevel(logging.INFO)\n")),
    ),
    Script(
        "own ASGI middleware",
        _in(
            f"{PACKAGE}/web.py",
            (r"^(from starlette\.applications .*)$", r"\1\nfrom starlette.middleware.gzip import GZipMiddleware"),
            (r"^    return app$", "    app.add_middleware(GZipMiddleware, minimum_size=1000)\n    return app"),
        ),
    ),
    Script(
        "own modules and tests",
        _both(
            _added(f"{PACKAGE}/clock.py", '"""Time."""\n\nfrom .settings import Settings\n\n\ndef port(settings: Settings) -> int:\n    """Return it."""\n    return settings.port\n'),
            _added("tests/test_clock.py", "from demo.clock import port\nfrom demo.settings import Settings\n\n\ndef test_port(settings: Settings) -> None:\n    assert port(settings) == settings.port\n"),
            _added("notes.txt", "buy milk\n"),
        ),
    ),
    Script(
        "command of mine",
        _in(
            f"{PACKAGE}/__main__.py",
            (r'^(    parser\.add_argument\("--port".*)$', r'\1\n    parser.add_argument("--verbose", action="store_true", help="say more")'),
            (r"^    run = options\.pop", '    options.pop("verbose", None)\n    run = options.pop'),
        ),
    ),
    Script(
        "container edited",
        _both(
            _in("Containerfile", (r"^(FROM .*)$", r"\1\nLABEL mine=1"), (r"\Z", "# the end\n")),
            _in(".gitattributes", (r"\Z", "*.png binary\n")),
        ),
    ),
    Script("changelog written", _both(_end("CHANGELOG.md", "\n## 1.0.0\n\n- First.\n"), _in("LICENSE", (r"Copyright.*", "Copyright Us")))),
]

SCRIPTS: dict[str, Script] = {
    script.name: script
    for script in [
        *_PROJECT_SCRIPTS,
        *(Script(name, _everywhere(edit)) for name, edit in EDITS.items()),
    ]
}
# The rows of the table of what `copier update` does, and who meets it here.
COPIER_SCRIPTS = (
    *("untouched", "own tool", "edited call", "reflowed call", "server.py renamed"),
    *("server.py moved", "README renamed", "README deleted", "own setting", "changed setting"),
    *("uv add", "uv add many", "imports reversed", "own imports", "black 79", "black 120"),
    *("renamed mcp", "renamed settings", "own middleware", "comments between", "CRLF"),
    *("rewritten README", "README edited", "tests moved", "tests deleted", "own fixture"),
    *("tools reordered", "changed bodies", "registered in place", "everything"),
)
