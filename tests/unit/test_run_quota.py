"""The quota of a control group, as both versions of the kernel's interface tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.evidence.machine.quota import Quota, quota

STAT = "nr_periods 40\nnr_throttled 10\nthrottled_usec 900\n"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="ascii")
    return folder


def told(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "told"
    file.write_text(text, encoding="ascii")
    return file


def test_the_strictest_group_above_counts(tmp_path: Path) -> None:
    root = tmp_path / "groups"
    write(root / "a", cpu__max="70000 100000\n", cpu__stat=STAT)
    write(root / "a" / "b", cpu__max="300000 100000\n")
    found = quota(root, told(tmp_path, "0::/a/b\n"), cores=2)
    assert found == Quota(0.7, root / "a")
    assert found.periods() == (40, 10)


def test_version_one_has_a_folder_of_its_own(tmp_path: Path) -> None:
    root = tmp_path / "groups"
    group = write(root / "cpu" / "a", cpu__cfs_quota_us="150000\n", cpu__cfs_period_us="100000\n", cpu__stat=STAT)
    write(root / "cpu", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert quota(root, told(tmp_path, "4:memory:/a\n1:cpuacct,cpu:/a\n0::/\n"), cores=2) == Quota(1.5, group)


def test_in_a_container_the_root_is_its_own_group(tmp_path: Path) -> None:
    root = write(tmp_path / "groups", cpu__max="200000 100000\n")
    found = quota(root, told(tmp_path, "0::/kubepods/pod1/container\n"), cores=4)
    assert found == Quota(2.0, root)
    assert found.periods() == (0, 0)  # nothing is told there


@pytest.mark.parametrize("text", ["max 100000\n", "nonsense\n", "200000 100000\n"])
def test_without_a_quota_there_is_none(tmp_path: Path, text: str) -> None:
    root = write(tmp_path / "groups", cpu__max=text)
    assert quota(root, told(tmp_path, "0::/\n"), cores=2) is None
    assert quota(tmp_path / "none", tmp_path / "nobody") is None
