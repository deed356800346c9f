"""`mcpforge env`: missing secrets, written once and readable by nobody else."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

import pytest

from processes import CommandLine, everything


@pytest.fixture
def project(cli: CommandLine, tmp_path: Path) -> Path:
    found = cli("new", "demo", "--preset", "production", "--no-git", "--no-env")
    assert found.code == 0
    root = tmp_path / "demo"
    assert not (root / ".env").exists()
    return root


def env(cli: CommandLine, *arguments: str) -> list[str]:
    found = cli("env", "-C", ".", *arguments, "--json")
    assert found.code == 0, found.out
    written: list[str] = found.json["data"]["written"]
    return written


@pytest.fixture(autouse=True)
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def lines(project: Path) -> dict[str, str]:
    text = (project / ".env").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_only_the_owner_reads_it(cli: CommandLine, project: Path) -> None:
    written = env(cli)
    assert written
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert lines(project).keys() == set(written)
    assert len(set(lines(project).values())) == len(written)


def test_a_second_time_there_is_nothing_to_do(cli: CommandLine, project: Path) -> None:
    env(cli)
    before = everything(project)
    assert env(cli) == []
    assert everything(project) == before


def test_what_is_there_stays(cli: CommandLine, project: Path) -> None:
    first = env(cli)[0]
    mine = f"# mine é\n\n{first}='my value' \nOTHER=x\nexport MORE=$y"
    (project / ".env").write_text(mine, encoding="utf-8")
    (project / ".env").chmod(0o644)
    written = env(cli)
    assert first not in written
    text = (project / ".env").read_text(encoding="utf-8")
    assert text.startswith(mine)
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600


def test_an_empty_value_is_filled_where_it_stands(cli: CommandLine, project: Path) -> None:
    first = env(cli)[0]
    (project / ".env").write_text(f"A=1\n{first}=\nB=2\n", encoding="utf-8")
    assert first in env(cli)
    text = (project / ".env").read_text(encoding="utf-8").splitlines()
    assert text[0] == "A=1"
    assert text[1].startswith(f"{first}=")
    assert len(text[1]) > len(first) + 20
    assert text[2] == "B=2"


def test_a_dry_run_writes_nothing(cli: CommandLine, project: Path) -> None:
    before = everything(project)
    assert env(cli, "--dry-run")
    assert everything(project) == before


def test_a_diff_hides_values(cli: CommandLine, project: Path) -> None:
    before = everything(project)
    shown = cli("env", "--diff").out.splitlines()
    assert shown[:2] == ["--- /dev/null", "+++ b/.env"]
    assert shown[2:]
    assert all(re.fullmatch(r"\+DEMO_[A-Z_]+=<(token|fernet|hex)>", line) for line in shown[2:])
    assert everything(project) == before
    first = env(cli)[0]
    (project / ".env").write_text(f"OTHER=my secret\n{first}=\n", encoding="utf-8")
    again = cli("env", "--diff").out
    assert again.startswith(f"--- a/.env\n+++ b/.env\n-{first}=\n+")
    assert "my secret" not in again
    env(cli)
    assert cli("env", "--diff").out.strip() == ""


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_is_refused(cli: CommandLine, project: Path, target: str) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.write_text("SECRET=1\n")
    (project / ".env").symlink_to(project.parent / target)
    found = cli("env")
    assert found.code == 1
    assert "symbolic link" in found.err
    assert elsewhere.read_text() == "SECRET=1\n"
    assert (project / ".env").is_symlink()


def test_the_lines_of_the_user_keep_their_ends_and_characters(
    cli: CommandLine, project: Path
) -> None:
    first = env(cli)[0]
    mine = f"# mine \u2028 \x85 é\r\nA=1\x0c\r\n{first}=\r\nB=2".encode()
    (project / ".env").write_bytes(mine)
    assert first in env(cli)
    text = (project / ".env").read_bytes()
    before, _, after = mine.partition(f"{first}=".encode())
    assert text.startswith(before + f"{first}=".encode())
    assert after + b"\r\n" in text
    assert text.count(b"\n") == text.count(b"\r\n")
    assert env(cli) == []


def test_empty_quotes_with_a_comment_are_no_value(cli: CommandLine, project: Path) -> None:
    first = env(cli)[0]
    (project / ".env").write_text(f'{first}=""  # to be made\n')
    assert first in env(cli)
    assert len(lines(project)[first]) > 20


def test_what_may_not_be_read_is_told_so(
    cli: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The superuser may read every file, so the refusal is put in."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == ".env":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(path)

    (project / ".env").touch()
    monkeypatch.setattr(Path, "read_bytes", refused)
    found = cli("env", "--json")
    assert "can't be read: permission denied" in found.json["errors"][0]["message"]


def test_what_is_no_text_is_refused(cli: CommandLine, project: Path) -> None:
    (project / ".env").write_bytes(b"\xff\xfe")
    found = cli("env")
    assert found.code == 1
    assert "can't be read: it is no UTF-8 text" in found.err
    assert "hint: " in found.err
    assert (project / ".env").read_bytes() == b"\xff\xfe"


def test_no_value_is_shown(cli: CommandLine, project: Path) -> None:
    found = cli("env", "--verbose")
    for value in lines(project).values():
        assert value not in found.out + found.err


def test_git_and_docker_ignore_it(project: Path) -> None:
    assert ".env" in (project / ".gitignore").read_text().splitlines()
    assert ".env" in (project / ".dockerignore").read_text().splitlines()
