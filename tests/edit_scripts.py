"""What users do to generated files: realistic edits, each a function of a path and its text."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _python(path: str) -> bool:
    return path.endswith(".py")


def own_tool(path: str, text: str) -> str:
    """A tool of the user's own in the list."""
    if not path.endswith("tools/__init__.py"):
        return text
    text = text.replace(
        "from .echo import echo\n", "from .echo import echo\nfrom .greet import greet\n"
    )
    return text.replace("    echo,\n", "    echo,\n    greet,\n")


def own_tool_last(path: str, text: str) -> str:
    """A tool of the user's own at the end of the list, with a comment."""
    if not path.endswith("tools/__init__.py"):
        return text
    text = text.replace(
        "from .echo import echo\n", "from .echo import echo\nfrom .zebra import zebra\n"
    )
    return re.sub(r"\n\]\n", "\n    # the best one\n    zebra,  # keep last\n]\n", text)


def tools_on_one_line(path: str, text: str) -> str:
    """The list of tools on one line."""
    if not path.endswith("tools/__init__.py"):
        return text
    match = re.search(r"\] = \[\n(.*?)\n\]", text, re.DOTALL)
    assert match is not None
    names = ", ".join(line.strip().rstrip(",") for line in match[1].split("\n"))
    return text[: match.start()] + f"] = [{names}]" + text[match.end() :]


def tools_reordered(path: str, text: str) -> str:
    """The list of tools the other way round, comments between."""
    if not path.endswith("tools/__init__.py"):
        return text
    match = re.search(r"\] = \[\n(.*?)\n\]", text, re.DOTALL)
    assert match is not None
    lines = match[1].split("\n")[::-1]
    body = "\n".join(["    # first", lines[0], *(f"    # then\n{line}" for line in lines[1:])])
    return text[: match.start()] + f"] = [\n{body}\n]" + text[match.end() :]


def changed_bodies(path: str, text: str) -> str:
    """A statement more at the beginning of every function."""
    if not _python(path) or path.endswith("settings.py"):
        return text
    lines = text.split("\n")
    tree = ast.parse(text)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in sorted(functions, key=lambda n: -n.lineno):
        body = node.body
        documented = ast.get_docstring(node) is not None
        first = body[1] if documented and len(body) > 1 else body[0]
        start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
        if len(body) == 1 and documented:
            continue
        lines.insert(start - 1, " " * first.col_offset + f'audit_trail = ("{node.name}", 1)')
    return "\n".join(lines)


def statements_around(path: str, text: str) -> str:
    """Statements right before and after the server is made, and before it is returned."""
    if not path.endswith("server.py"):
        return text
    text = text.replace("    mcp = FastMCP(\n", '    print("building")\n    mcp = FastMCP(\n')
    text = text.replace(
        "    for tool in TOOLS:\n", "    mcp.name.strip()\n    for tool in TOOLS:\n"
    )
    return text.replace("    return mcp\n", '    print("ready")\n    return mcp\n')


def own_setting(path: str, text: str) -> str:
    """A setting of the user's own, after the last and in the middle."""
    if not path.endswith("settings.py"):
        return text
    arguments = '        default="hello",\n        description="What is said",\n'
    own = f"    greeting: str = Field(\n{arguments}    )\n"
    text = text.replace("    log_level:", f"{own}    log_level:")
    return text.replace(
        "\n\n\ndef load_settings", '\n    farewell: str = "bye"\n\n\ndef load_settings'
    )


def changed_setting(path: str, text: str) -> str:
    """Another default, and a validator at the end of the class."""
    if not path.endswith("settings.py"):
        return text
    text = text.replace("default=8000,", "default=9000,")
    method = (
        "\n    @property\n    def url(self) -> str:\n"
        '        """Say where."""\n        return f"http://{self.host}:{self.port}"\n'
    )
    return text.replace("\n\n\ndef load_settings", f"\n{method}\n\ndef load_settings")


def uv_add(path: str, text: str) -> str:
    """`uv add httpx`: sorted in, with a bound."""
    if path != "pyproject.toml":
        return text
    return re.sub(r'(    "fastmcp[^\n]*\n)', r'\1    "httpx>=0.28.1",\n', text)


def uv_add_many(path: str, text: str) -> str:
    """`uv add` of several, one of which a feature wants too, and `uv add --group docs`."""
    if path != "pyproject.toml":
        return text
    anyio = "" if '"anyio' in text else '    "anyio>=4.9",\n'
    text = re.sub(r'(    "fastmcp[^\n]*\n)', rf'{anyio}\1    "rich>=14.0",\n', text)
    text = text.replace(
        "[dependency-groups]\n", '[dependency-groups]\ndocs = [\n    "mkdocs>=1.6",\n]\n'
    )
    return text.replace('    "mypy>', '    "ipython>=9.1.0",\n    "mypy>')


def uv_reindented(path: str, text: str) -> str:
    """The arrays with two spaces, single quotes and comments."""
    if path != "pyproject.toml":
        return text
    text = re.sub(r'^    "([^"]*)",$', r"  '\1',", text, flags=re.M)
    text = re.sub(r"(  'fastmcp.*)", r"\1  # needed", text)
    return text.replace("dependencies = [\n", "dependencies = [\n  # pinned by hand\n")


def own_pyproject_tables(path: str, text: str) -> str:
    """Another version, description and a table of the user's own."""
    if path != "pyproject.toml":
        return text
    text = text.replace('version = "0.1.0"', 'version = "1.4.2"')
    text = re.sub(r"^description = .*$", 'description = "Mine"  # ours', text, flags=re.M)
    return f'{text}\n[tool.mine]\nkey = "value"\n'


def imports_reversed(path: str, text: str) -> str:
    """Relative imports the other way round."""
    if not _python(path):
        return text
    lines = text.split("\n")
    places = [i for i, line in enumerate(lines) if re.match(r"from \.[\w.]* import [^(]*$", line)]
    if len(places) < 2 or places != list(range(places[0], places[-1] + 1)):
        return text
    lines[places[0] : places[-1] + 1] = lines[places[0] : places[-1] + 1][::-1]
    return "\n".join(lines)


def own_imports(path: str, text: str) -> str:
    """Imports of the user's own, with a comment, and one used."""
    if not _python(path) or "\nfrom . import" not in text:
        return text
    text = text.replace("\nfrom . import", "\nimport logging\n\nfrom . import", 1)
    text = re.sub(
        r"(\nfrom \.(\w+) import [^\n]*\n)", r"\1# mine\nfrom .zzz import zzz\n", text, count=1
    )
    return f'{text}\n\nlogging.getLogger("x").debug(zzz)\n'


def absolute_imports(path: str, text: str) -> str:
    """Relative imports made absolute."""
    if not _python(path) or not path.startswith("src/"):
        return text
    package = path.split("/")[1:-1]

    def spelled(match: re.Match[str]) -> str:
        level = len(match[1])
        head = package[: len(package) - level + 1]
        return f"from {'.'.join([*head, *([match[2]] if match[2] else [])])} import"

    return re.sub(r"^from (\.+)([\w.]*) import", spelled, text, flags=re.M)


def black(length: int, *, single: bool = False) -> Callable[[str, str], str]:
    """Return an edit: black with that line length, magic commas off."""

    def edit(path: str, text: str) -> str:
        if not _python(path):
            return text
        import black as formatter

        mode = formatter.Mode(line_length=length, magic_trailing_comma=False)
        result = formatter.format_str(text, mode=mode)
        return single_quotes(path, result) if single else result

    return edit


def single_quotes(path: str, text: str) -> str:
    """Single quotes instead of double ones."""
    if not _python(path):
        return text
    lines = text.split("\n")
    plain = [not re.search(r'f"|"""|\\', line) for line in lines]
    return "\n".join(
        re.sub(r'(?<![\\r])"([^"\'\\]*)"', r"'\1'", line) if quoted else line
        for line, quoted in zip(lines, plain, strict=True)
    )


def two_spaces(path: str, text: str) -> str:
    """Two spaces a level."""
    if not _python(path):
        return text
    return re.sub(r"^( +)", lambda m: " " * (len(m[1]) // 2), text, flags=re.M)


def tabs(path: str, text: str) -> str:
    """Tabs."""
    if not _python(path):
        return text
    return re.sub(r"^( {4})+", lambda m: "\t" * (len(m[0]) // 4), text, flags=re.M)


def renamed(old: str, new: str, name: str) -> Callable[[str, str], str]:
    """Return an edit: a variable of server.py is called otherwise."""

    def edit(path: str, text: str) -> str:
        if not path.endswith(name):
            return text
        return re.sub(rf"(?<![\w.\"/]){old}(?![\w\"]|\s*=\s*settings\.|/)(?!=)", new, text)

    return edit


def reflowed_call(path: str, text: str) -> str:
    """The FastMCP call with its first arguments on one line."""
    if not path.endswith("server.py"):
        return text
    text = re.sub(r"FastMCP\(\n\s+(\"[^\n]*),\n\s+instructions", r"FastMCP(\1, instructions", text)
    return re.sub(
        r"mask_error_details=(.*),\n\s+on_duplicate=(.*),\n    \)",
        r"mask_error_details=\1, on_duplicate=\2)",
        text,
    )


def edited_call(path: str, text: str) -> str:
    """Another name and other instructions, and one keyword more, first and last."""
    if not path.endswith("server.py"):
        return text
    text = re.sub(
        r'FastMCP\(\n\s+"[^\n]*,\n',
        'FastMCP(\n        "My server",\n        website_url="https://x.org",\n',
        text,
    )
    text = re.sub(r"instructions=[^\n]*\n", 'instructions="Ask me anything.",\n', text)
    return text.replace(
        '        on_duplicate="error",\n',
        '        on_duplicate="replace",\n        strict_input_validation=True,\n',
    )


def returned_call(path: str, text: str) -> str:
    """The call wrapped in a function of the user's own."""
    if not path.endswith("server.py"):
        return text
    text = re.sub(
        r"mcp = FastMCP\((.*?)\n    \)\n", r"mcp = watched(FastMCP(\1\n    ))\n", text, flags=re.S
    )
    return f"{text}\n\ndef watched(server: FastMCP) -> FastMCP:\n    return server\n"


def own_middleware(path: str, text: str) -> str:
    """Middleware of the user's own in the list, or a list of its own."""
    if not path.endswith("server.py"):
        return text
    text = text.replace("from .settings import", "from .mine import Mine\nfrom .settings import")
    if "middleware=[" in text:
        return re.sub(
            r"middleware=\[\n",
            "middleware=[\n            # mine goes first\n            Mine(),\n",
            text,
        )
    return text.replace("        mask_error", "        middleware=[Mine()],\n        mask_error")


def extracted_lists(path: str, text: str) -> str:
    """The middleware as a variable above the call."""
    match = re.search(r"        middleware=(\[\n.*?\n        \]),\n", text, re.S)
    if not path.endswith("server.py") or match is None:
        return text
    value = match[1].replace("\n    ", "\n")
    text = text[: match.start()] + "        middleware=chain,\n" + text[match.end() :]
    return text.replace("    mcp = FastMCP(", f"    chain = {value}\n    mcp = FastMCP(")


def comments_between(path: str, text: str) -> str:
    """A comment above every entry and keyword, and at the end of some."""
    if not _python(path) or path.endswith("settings.py"):
        return text
    text = re.sub(r"^(        +)(\w[\w.()]*,)$", r"\1# about \2\n\1\2", text, flags=re.M)
    return re.sub(r"^(        )(\w+=.*,)$", r"\1\2  # mine", text, flags=re.M)


def crlf(_path: str, text: str) -> str:
    """Line endings of Windows."""
    return text.replace("\n", "\r\n")


def crlf_and_edited(path: str, text: str) -> str:
    """Line endings of Windows and edits."""
    return edited_call(path, own_tool(path, own_setting(path, text))).replace("\n", "\r\n")


def no_last_newline(_path: str, text: str) -> str:
    """No newline at the end."""
    return text.removesuffix("\n")


def rewritten_readme(path: str, text: str) -> str:
    """A README of the user's own."""
    if path not in {"README.md", "AGENTS.md"}:
        return text
    return "# Mine\n\nAll of this is new.\n\n## Usage\n\nJust run it.\n"


def sections_edited(path: str, text: str) -> str:
    """A README with paragraphs more and lines changed."""
    if path not in {"README.md", "AGENTS.md"}:
        return text
    lines = text.split("\n")
    changed = [
        f"{line} Really." if line and number % 9 == 4 else line for number, line in enumerate(lines)
    ]
    changed[3:3] = ["", "A word of mine.", ""]
    return "\n".join(changed)


def own_environment(path: str, text: str) -> str:
    """Keys of the user's own and values filled in."""
    if not path.startswith(".env"):
        return text
    text = re.sub(r"# (\w+_LOG_LEVEL)=INFO", r"\1=DEBUG", text)
    text = re.sub(r"# (\w+_PORT)=8000", r"\1=9000\n\n# Mine\nMY_KEY=1", text, count=1)
    return f"{text}\nMY_LAST_KEY=2\n"


def own_ignored(path: str, text: str) -> str:
    """Patterns of the user's own."""
    if path not in {".gitignore", ".dockerignore"}:
        return text
    lines = text.split("\n")
    return "\n".join(["*.local", *lines[:-1], "# mine", "secret/", ""])


def reindented_json(path: str, text: str) -> str:
    """JSON with four spaces and a key more."""
    if not path.endswith(".json"):
        return text
    return json.dumps({"mine": [1, 2], **json.loads(text)}, indent=4) + "\n"


def own_steps(path: str, text: str) -> str:
    """Steps of the user's own in workflows, with comments."""
    if not path.endswith((".yml", ".yaml")):
        return text
    return re.sub(
        r"^( +)(- run: )", r"\1# mine\n\1- run: echo hello\n\1\2", text, count=1, flags=re.M
    )


def own_fixture(path: str, text: str) -> str:
    """A fixture and a variable of the user's own in the tests."""
    if not path.endswith("conftest.py"):
        return text
    text = re.sub(r'(_LOG_LEVEL": "DEBUG",\n)', r'\1    "MINE": "1",\n', text)
    return f'{text}\n\n@pytest.fixture\ndef mine() -> int:\n    """Return one."""\n    return 1\n'


def everything(path: str, text: str) -> str:
    """Much at once."""
    for edit in (own_tool_last, own_setting, uv_add_many, own_middleware, edited_call, own_fixture):
        text = edit(path, text)
    return black(88)(path, text)


EDITS: Mapping[str, Callable[[str, str], str]] = {
    "own tool": own_tool,
    "own tool last": own_tool_last,
    "tools on one line": tools_on_one_line,
    "tools reordered": tools_reordered,
    "changed bodies": changed_bodies,
    "statements around": statements_around,
    "own setting": own_setting,
    "changed setting": changed_setting,
    "uv add": uv_add,
    "uv add many": uv_add_many,
    "uv reindented": uv_reindented,
    "own pyproject tables": own_pyproject_tables,
    "imports reversed": imports_reversed,
    "own imports": own_imports,
    "absolute imports": absolute_imports,
    "black 79": black(79),
    "black 88": black(88),
    "black 120": black(120),
    "black 79, single quotes": black(79, single=True),
    "single quotes": single_quotes,
    "two spaces": two_spaces,
    "tabs": tabs,
    "renamed mcp": renamed("mcp", "server", "/server.py"),
    "renamed settings": renamed("settings", "config", "/server.py"),
    "renamed app": renamed("app", "application", "/web.py"),
    "renamed tool": renamed("tool", "each", "/server.py"),
    "reflowed call": reflowed_call,
    "edited call": edited_call,
    "wrapped call": returned_call,
    "own middleware": own_middleware,
    "extracted list": extracted_lists,
    "comments between": comments_between,
    "CRLF": crlf,
    "CRLF and edited": crlf_and_edited,
    "no last newline": no_last_newline,
    "rewritten README": rewritten_readme,
    "README edited": sections_edited,
    "own environment": own_environment,
    "own ignored": own_ignored,
    "reindented JSON": reindented_json,
    "own steps": own_steps,
    "own fixture": own_fixture,
    "everything": everything,
}

TOUCHING = {"changed bodies", "comments between"}
"""Edits inside the very expressions and functions that features bring and take away."""
