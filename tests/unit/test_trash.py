"""A folder that is being removed is known as such, however far that got."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ClusterError
from harness.platforms.trash import remove_folder


def filled(path: Path) -> Path:
    (path / "a/b").mkdir(parents=True)
    (path / "a/b/c").write_text("x", encoding="ascii")
    return path


def test_a_folder_goes_with_all_that_is_in_it_and_one_that_is_not_there_is_fine(tmp_path: Path) -> None:
    remove_folder(filled(tmp_path / "dev"))
    remove_folder(tmp_path / "dev")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_removal_left_goes_with_the_next_one(tmp_path: Path) -> None:
    filled(tmp_path / ".dev.removing")
    remove_folder(filled(tmp_path / "dev"))
    assert not list(tmp_path.iterdir())
    remove_folder(filled(tmp_path / ".dev.removing"))
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_removed_is_one_line_and_no_cluster_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(path: Path, **_: Any) -> None:
        raise OSError(16, "Device or resource busy", str(path / "a/b"))

    monkeypatch.setattr(shutil, "rmtree", busy)
    with pytest.raises(ClusterError, match=r"can't be removed: Device or resource busy .*then harness heal"):
        remove_folder(filled(tmp_path / "dev"), timeout_s=0.2)
    assert [path.name for path in tmp_path.iterdir()] == [".dev.removing"]
