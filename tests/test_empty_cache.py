"""What the user's cache folder keeps is used only if it is whole and the user's own."""

import os
from pathlib import Path

import pytest

from genscope.analyze.load import empty_cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "genscope"


def test_what_was_kept_is_read_by_its_key_alone(folder: Path) -> None:
    assert empty_cache.read("a") is None
    empty_cache.write("a", b"study")
    assert empty_cache.read("a") == b"study"
    assert empty_cache.read("b") is None
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["cut", "changed", "open to others", "a link", "of another user"])
def test_what_is_not_surely_ours_is_ignored(
    how: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_cache.write("a", b"study")
    (path,) = folder.iterdir()
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif how == "open to others":
        path.chmod(0o666)
    elif how == "a link":
        path.rename(folder / "elsewhere")
        path.symlink_to(folder / "elsewhere")
    else:
        user = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: user + 1)
    assert empty_cache.read("a") is None


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    empty_cache.write("a", b"study")
    assert empty_cache.read("a") is None


def test_few_are_kept_and_the_newest_is_among_them(folder: Path) -> None:
    for number in range(12):
        empty_cache.write(str(number), b"study")
        for path in folder.iterdir():
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)
    assert len(list(folder.iterdir())) == 8
    assert empty_cache.read("11") == b"study"
