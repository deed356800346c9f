"""Which ranges of FastMCP are found to be open, or too old."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpforge.inspection.inspect import inspect_source
from mcpforge.inspection.requirements import inspect_requirements

RANGES = [
    ("fastmcp", "MF951"),
    ("fastmcp>=2.13", "MF951"),
    ("fastmcp>=4.1.2", "MF951"),
    ("FastMCP[tasks] >= 4.1", "MF951"),
    ("fastmcp>4", "MF951"),
    ("fastmcp!=4.1.0", "MF951"),
    ("fastmcp>=2.13,<3", "MF952"),
    ("fastmcp>=3,<5", "MF952"),
    ("fastmcp<4", "MF952"),
    ("fastmcp<=3.4.7", "MF952"),
    ("fastmcp==2.13.3", "MF952"),
    ("fastmcp~=3.4", "MF952"),
    ("fastmcp==3.*", "MF952"),
    ("fastmcp>=3.0b1,<4.2", "MF952"),
    ("fastmcp>=4.1.2,<4.2", ""),
    ("fastmcp>=4.1.2,<5", ""),
    ("fastmcp[tasks]>=4.1,<5; python_version >= '3.11'", ""),
    ("fastmcp==4.1.2", ""),
    ("fastmcp==4.1.*", ""),
    ("fastmcp==4.*", ""),
    ("fastmcp===4.1.2", ""),
    ("fastmcp~=4.1", ""),
    ("fastmcp ~= 4.1.2", ""),
    ("fastmcp (>=4.1,<5)", ""),
    ("fastmcp @ git+https://github.com/PrefectHQ/fastmcp", ""),
    ("fastmcp-extras", ""),
    ("my-fastmcp>=1", ""),
    ("httpx", ""),
]


@pytest.mark.parametrize(("requirement", "code"), RANGES)
def test_ranges_in_every_place(requirement: str, code: str) -> None:
    quoted = f'["a==1", "{requirement}"]'
    files = {
        "pyproject.toml": (f"[project]\n\ndependencies = {quoted}\n", 3),
        "requirements.txt": (f"# fastmcp, the framework\n\n{requirement}  # why\n", 3),
        "requirements/dev.txt": (f"-r base.txt\n{requirement}\n", 2),
        "fastmcp.json": (f'{{"environment":\n{{"dependencies": {quoted}}}}}', 2),
    }
    for path, (text, line) in files.items():
        found = inspect_requirements(text, path)
        assert [f.code for f in found] == [code] * bool(code), path
        if found:
            assert found[0].line in {line, 1 if path.startswith("requirements.") else line}
    for table in ("project.optional-dependencies", "dependency-groups"):
        assert len(inspect_requirements(f"[{table}]\nx = {quoted}\n", "pyproject.toml")) == bool(
            code
        )


def test_a_scripts_own_header_is_read() -> None:
    text = '# /// script\n# dependencies = ["fastmcp>=3"]\n# ///\nimport fastmcp\n'
    assert [(f.code, f.line) for f in inspect_source(text, "x.py")] == [("MF951", 2)]
    assert inspect_source(text.replace(">=3", "==4.1.2"), "x.py") == []


@pytest.mark.parametrize(
    ("version", "code"),
    [("^3.0", "MF952"), ("*", "MF951"), (">=4.1", "MF951"), ("^4.1.2", ""), ("~4.1", "")],
)
def test_poetry(version: str, code: str) -> None:
    for text in (
        f'[tool.poetry.dependencies]\npython = "^3.11"\nfastmcp = "{version}"\n',
        f'[tool.poetry.group.dev.dependencies]\nfastmcp = {{version = "{version}"}}\n',
    ):
        assert [f.code for f in inspect_requirements(text, "pyproject.toml")] == [code] * bool(code)


@given(st.text(), st.sampled_from(["pyproject.toml", "requirements.txt", "fastmcp.json"]))
def test_any_text_is_read(text: str, path: str) -> None:
    inspect_requirements(text, path)
    inspect_requirements(f"fastmcp {text}", path)
