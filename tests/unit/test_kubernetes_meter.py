"""Where the kernel counts what a container does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.platforms.kubernetes.kind import meter

ID = "4f" * 32


@pytest.mark.parametrize(
    ("cgroups", "clock"),
    [
        (
            f"3:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}/init.scope\n0::/",
            f"cpu,cpuacct/docker/{ID}/cpuacct.usage",
        ),
        (f"2:cpuacct:/docker/{ID}\n0::/", f"cpuacct/docker/{ID}/cpuacct.usage"),
        (f"0::/system.slice/docker-{ID}.scope/init.scope", f"system.slice/docker-{ID}.scope/cpu.stat"),
        (f"0::/docker/{ID}", f"docker/{ID}/cpu.stat"),
        ("0::/user.slice", ""),
    ],
)
def test_the_clock_is_that_of_the_whole_container(cgroups: str, clock: str) -> None:
    assert meter.clock_of(cgroups, ID) == (Path("/sys/fs/cgroup") / clock if clock else None)


def test_both_kinds_of_clock_are_read_as_seconds(tmp_path: Path) -> None:
    (tmp_path / "cpuacct.usage").write_text("1500000000\n", encoding="ascii")
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n", encoding="ascii")
    assert meter._read_s(tmp_path / "cpuacct.usage") == 1.5
    assert meter._read_s(tmp_path / "cpu.stat") == 2.5
    assert meter._read_s(tmp_path / "gone") is None


def test_who_carries_a_port_of_the_container_works_for_it(tmp_path: Path) -> None:
    program = tmp_path / "docker-proxy"
    program.symlink_to("/bin/sleep")
    others = [subprocess.Popen([program, "20"]), subprocess.Popen(["/bin/sleep", "20"])]
    try:
        assert [process.pid for process in meter.proxies_of(["20"])] == [others[0].pid]
        assert not list(meter.proxies_of(["172.18.0.9"]))
    finally:
        for process in others:
            process.kill()
            process.wait()


def test_nothing_is_known_of_what_docker_does_not_know(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = meter.Meter(["node"])
    assert not found.knows_all
    assert found.read_s() == {}
