"""Files below the content folder, and none outside of it."""

from pathlib import Path

import pytest

from everything_server import content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "hello.txt").write_text("Hello", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


async def test_reads_a_file_below_the_folder(folder: Path) -> None:
    assert await content.read_text(folder, "hello.txt") == "Hello"


@pytest.mark.parametrize(
    "name",
    ["missing.txt", "", ".", "../secret.txt", "a/../../secret.txt", "a\0b", "x" * 300],
)
async def test_other_names_do_not_exist(folder: Path, name: str) -> None:
    with pytest.raises(content.ContentError, match="There is no file"):
        await content.read_text(folder, name)


async def test_absolute_names_and_links_do_not_lead_outside(folder: Path, tmp_path: Path) -> None:
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    for name in ("link.txt", str(tmp_path / "secret.txt")):
        with pytest.raises(content.ContentError, match="There is no file"):
            await content.read_text(folder, name)


async def test_large_and_binary_files_are_refused(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "binary.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(content.ContentError, match="not UTF-8"):
        await content.read_text(folder, "binary.txt")
    monkeypatch.setattr(content, "MAX_BYTES", 3)
    with pytest.raises(content.ContentError, match="larger than 3 bytes"):
        await content.read_text(folder, "hello.txt")


async def test_an_unreadable_file_is_reported_without_its_path(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_args: object, **_kwargs: object) -> str:
        raise PermissionError(str(folder))

    monkeypatch.setattr("anyio.Path.read_text", refuse)
    with pytest.raises(content.ContentError, match=r"^The file 'hello\.txt' can't be read\.$"):
        await content.read_text(folder, "hello.txt")
