"""What users do to a whole project: moves, deletions, modules of their own, other forms."""

from __future__ import annotations

import re

from bench.survival_edits import (
    PACKAGE,
    SERVER,
    Script,
    Texts,
    added,
    both,
    deleted,
    end,
    move,
    substituted,
)


def _tests_moved(texts: Texts) -> None:
    for path in [item for item in texts if re.match(r"tests/test_\w+\.py$", item)]:
        texts[path.replace("tests/", "tests/unit/")] = texts.pop(path)


def _factory_renamed(texts: Texts) -> None:
    for path in [item for item in texts if item.endswith(".py")]:
        texts[path] = re.sub(r"(?<!socket\.)\bcreate_server\b", "build_server", texts[path])


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


def _resorted(texts: Texts) -> None:
    def backwards(found: re.Match[str]) -> str:
        return f"{found[1]}{''.join(reversed(found[2].splitlines(keepends=True)))}]"

    pattern = r"^(dependencies = \[\n)((?:    .*\n)*)\]"
    texts["pyproject.toml"] = re.sub(pattern, backwards, texts["pyproject.toml"], flags=re.M)


_OWN_TOOLS = (
    '"""Weather."""\n\nfrom fastmcp import FastMCP\n\n\ndef register(mcp: FastMCP) -> None:\n'
    '    """Add the tools."""\n\n    @mcp.tool\n    def weather(city: str) -> str:\n'
    '        """Say how it is."""\n        return f"{city}: fine"\n'
)
_WATCHED = (
    '\n\ndef audited(mcp: FastMCP) -> FastMCP:\n    """Say that it is there."""\n    return mcp\n'
)

_CLOCK = (
    '"""Time."""\n\nfrom .settings import Settings\n\n\ndef port(settings: Settings) -> int:\n'
    '    """Return it."""\n    return settings.port\n'
)
_CLOCK_TEST = (
    "from demo.clock import port\nfrom demo.settings import Settings\n\n\n"
    "def test_port(settings: Settings) -> None:\n    assert port(settings) == settings.port\n"
)

PROJECT_SCRIPTS = [
    Script("untouched", lambda _texts: None),
    Script(
        "server.py moved",
        move(SERVER, f"{PACKAGE}/core/server.py"),
        {SERVER: f"{PACKAGE}/core/server.py"},
    ),
    Script(
        "server.py renamed",
        move(SERVER, f"{PACKAGE}/service/main.py"),
        {SERVER: f"{PACKAGE}/service/main.py"},
    ),
    Script(
        "settings.py moved",
        move(f"{PACKAGE}/settings.py", f"{PACKAGE}/config/settings.py"),
        {f"{PACKAGE}/settings.py": f"{PACKAGE}/config/settings.py"},
    ),
    Script("tests moved", _tests_moved),
    Script("tests deleted", deleted("tests/test_http.py", "tests/test_process.py")),
    Script(
        "echo deleted",
        both(
            deleted(f"{PACKAGE}/tools/echo.py", "tests/test_echo.py"),
            substituted(
                f"{PACKAGE}/tools/__init__.py",
                (r"^from \.echo import echo$", "from .greet import greet"),
                (r"^    echo,$", "    greet,"),
            ),
        ),
    ),
    Script(
        "README deleted",
        both(deleted("README.md"), substituted("pyproject.toml", (r"^readme = .*\n", ""))),
    ),
    Script(
        "README renamed",
        both(
            lambda texts: texts.update({"docs/guide.md": texts.pop("README.md")}),
            substituted("pyproject.toml", (r"^readme = .*", 'readme = "docs/guide.md"')),
        ),
        {"README.md": "docs/guide.md"},
    ),
    Script(
        "own package",
        both(
            added(f"{PACKAGE}/weather/__init__.py", _OWN_TOOLS),
            substituted(
                SERVER,
                (
                    r"^from \.tools import TOOLS$",
                    "from .tools import TOOLS\nfrom .weather import register",
                ),
                (r"^    return mcp$", "    register(mcp)\n    return mcp"),
            ),
        ),
    ),
    Script(
        "list composed",
        both(
            added(
                f"{PACKAGE}/own.py",
                'def mine() -> str:\n    """Mine."""\n    return ""\n\n\nOWN = [mine]\n',
            ),
            substituted(
                f"{PACKAGE}/tools/__init__.py",
                (r"^(from \.echo import echo)$", r"from ..own import OWN\n\1"),
                (r"^(TOOLS: .*\[)$", r"\1\n    *OWN,"),
            ),
        ),
    ),
    Script(
        "registered in place",
        substituted(
            SERVER,
            (r"^(from \.settings import .*)$", r"from .mine import Mine\n\1"),
            (
                r"^    return mcp$",
                "    mcp.add_middleware(Mine())\n\n    @mcp.tool\n    def ping() -> str:\n"
                '        """Pong."""\n        return "pong"\n\n    return mcp',
            ),
        ),
    ),
    Script(
        "parameter added",
        substituted(
            SERVER,
            (
                r"^def create_server\(settings: Settings\)",
                "def create_server(settings: Settings, *, quiet: bool = False)",
            ),
            (r"^(    mcp = FastMCP\($)", r"    assert not quiet\n\1"),
        ),
    ),
    Script("factory renamed", _factory_renamed, names={"create_server": "build_server"}),
    Script(
        "future annotations",
        both(
            *(
                substituted(
                    path, (r'\A("""[^"]*"""\n)', r"\1\nfrom __future__ import annotations\n")
                )
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
        substituted(
            SERVER,
            (
                r'^    mcp = FastMCP\(\n        ("[^"]*"),\n        instructions=(.*),\n',
                r"    options: dict[str, str] = {'instructions': \2}\n"
                r"    mcp = FastMCP(\n        \1,\n        **options,\n",
            ),
            (r"\Z", _WATCHED),
        ),
    ),
    Script(
        "annotated server",
        substituted(
            SERVER,
            (r"^    mcp = FastMCP\(", "    mcp: FastMCP = FastMCP("),
            (r"^    return mcp$", "    return audited(mcp)"),
            (r"\Z", _WATCHED),
        ),
    ),
    Script(
        "own lifespan",
        substituted(
            SERVER,
            (
                r"settings_lifespan\(settings\)(,?)$",
                r"settings_lifespan(settings) | settings_lifespan(settings)\1",
            ),
        ),
    ),
    Script(
        "pins",
        substituted(
            "pyproject.toml",
            (r'"fastmcp>=[^"]*"', '"fastmcp==4.1.2"'),
            (r'"uvicorn>=[^"]*"', '"uvicorn[standard]>=0.35,<1"'),
        ),
    ),
    Script("dependencies resorted", _resorted),
    Script(
        "own checks",
        both(
            substituted(
                "pyproject.toml",
                (r"^line-length = 100$", "line-length = 88"),
                (r"^fail_under = 90$", "fail_under = 75"),
            ),
            end("pyproject.toml", '\n[tool.codespell]\nskip = "*.lock"\n'),
            added(".editorconfig", "root = true\n"),
        ),
    ),
    Script("own Makefile", added("Makefile", "all:\n\techo mine\n")),
    Script(
        "logs changed",
        substituted(
            f"{PACKAGE}/logs.py",
            (r"^(def configure_logging.*)$", r'OWN_LOGGER = "demo.own"\n\n\n\1'),
            (r"\Z", "\n\nlogging.getLogger(OWN_LOGGER).setLevel(logging.INFO)\n"),
        ),
    ),
    Script(
        "own ASGI middleware",
        substituted(
            f"{PACKAGE}/web.py",
            (
                r"^(from starlette\.applications .*)$",
                r"\1\nfrom starlette.middleware.gzip import GZipMiddleware",
            ),
            (
                r"^    return app$",
                "    app.add_middleware(GZipMiddleware, minimum_size=1000)\n    return app",
            ),
        ),
    ),
    Script(
        "own modules and tests",
        both(
            added(f"{PACKAGE}/clock.py", _CLOCK),
            added("tests/test_clock.py", _CLOCK_TEST),
            added("notes.txt", "buy milk\n"),
        ),
    ),
    Script(
        "command of mine",
        substituted(
            f"{PACKAGE}/__main__.py",
            (
                r'^(    parser\.add_argument\("--port".*)$',
                r'\1\n    parser.add_argument("--verbose", action="store_true", help="say more")',
            ),
            (r"^    run = options\.pop", '    options.pop("verbose", None)\n    run = options.pop'),
        ),
    ),
    Script(
        "container edited",
        both(
            substituted(
                "Containerfile", (r"^(FROM .*)$", r"\1\nLABEL mine=1"), (r"\Z", "# the end\n")
            ),
            substituted(".gitattributes", (r"\Z", "*.png binary\n")),
        ),
    ),
    Script(
        "changelog written",
        both(
            end("CHANGELOG.md", "\n## 1.0.0\n\n- First.\n"),
            substituted("LICENSE", (r"Copyright.*", "Copyright Us")),
        ),
    ),
]
