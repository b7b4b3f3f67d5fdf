"""Kind clusters from their making to their end, with programs in the place of docker and kind that only take notes."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from harness.errors import BadInput, ClusterError
from harness.platforms.kubernetes.access import programs
from harness.platforms.kubernetes.kind import hosts, kind
from harness.platforms.kubernetes.options import KindOptions, KubernetesOptions
from harness.platforms.kubernetes.place import Place
from harness.platforms.process import Process

KIND = """#!/bin/sh
echo "kind $*" >> "$NOTES"
case "$1 $2" in
"get clusters") echo "$CLUSTERS" ;;
"create cluster") cat >> "$NOTES"; [ -z "$REFUSED" ] || { echo "ERROR: $REFUSED" >&2; exit 1; } ;;
"get kubeconfig") echo "apiVersion: v1" ;;
esac
"""
DOCKER = """#!/bin/sh
echo "docker $*" >> "$NOTES"
case "$1" in
info) [ -z "$NO_DAEMON" ] || { echo "$NO_DAEMON" >&2; exit 1; } ;;
port) echo "30530/tcp -> 127.0.0.1:4711" ;;
esac
"""


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("kind", KIND), ("docker", DOCKER)):
        (programs / name).write_text(text, encoding="ascii")
        (programs / name).chmod(0o755)
    for name in ("cat", "sleep"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    return tmp_path / "notes"


def test_a_kind_cluster_is_made_written_down_and_removed(notes: Path) -> None:
    host = hosts.make("mine", KindOptions(node_image="kindest/node:v1.33.1", load_images=("a:1",)))
    assert hosts.find("mine") == host
    assert host.owner == Process.of(os.getpid())
    assert list(hosts.abandoned()) == []
    told = notes.read_text(encoding="utf-8")
    assert "kind create cluster --name harness-mine" in told
    assert f"--kubeconfig {host.kubeconfig}" in told
    assert "--image kindest/node:v1.33.1" in told
    assert f"hostPort: {host.port}" in told
    assert "kind load docker-image --name harness-mine a:1" in told
    host.remove()
    assert "kind delete cluster --name harness-mine" in notes.read_text(encoding="utf-8")
    assert hosts.find("mine") is None


def test_one_that_was_there_is_used_and_left(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERS", "theirs")
    options = KindOptions(existing="theirs")
    kind.check(options)
    host = hosts.make("mine", options)
    assert host.port == 4711
    assert host.kubeconfig.read_text(encoding="utf-8") == "apiVersion: v1\n"
    host.remove()
    assert "delete" not in notes.read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"there is no kind cluster 'other'.*there: theirs"):
        kind.check(KindOptions(existing="other"))
    with pytest.raises(BadInput, match="maps no port to node port 31000"):
        hosts.make("mine", KindOptions(existing="theirs", node_port=31000))


def test_one_whose_owner_died_is_abandoned_and_one_that_was_kept_is_not() -> None:
    host = hosts.make("mine", KindOptions())
    hosts.Host("lost", Process(os.getpid(), 1), made=True).write()
    assert [found.name for found in hosts.abandoned()] == ["lost"]
    assert host.keep().owner is None
    assert [found.name for found in hosts.abandoned()] == ["lost"]
    (hosts.find("lost") or host).folder.joinpath("kind.json").write_text("{", encoding="ascii")
    assert [found.name for found in hosts.abandoned()] == ["lost"]


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (
            'node(s) already exist for a cluster with the name "harness-mine"',
            r"node\(s\) already exist .*remove it with kind delete cluster",
        ),
        ("Bind for 127.0.0.1:80 failed: port is already allocated", r"set kind\.host_port to a port that is free"),
    ],
)
def test_what_kind_refuses_is_one_line_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, refused: str, told: str
) -> None:
    monkeypatch.setenv("REFUSED", refused)
    with pytest.raises(ClusterError, match=told) as failed:
        hosts.make("mine", KindOptions())
    assert "\n" not in str(failed.value)
    assert hosts.find("mine") is None
    assert list(hosts.abandoned()) == []


def test_a_name_that_is_taken_is_refused_before_anything_is_made() -> None:
    hosts.make("mine", KindOptions())
    with pytest.raises(BadInput, match="there is a kind cluster 'mine' already"):
        hosts.make("mine", KindOptions())
    assert hosts.find("mine")


def test_a_kind_cluster_of_somebody_elses_is_never_taken_nor_removed(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERS", "harness-mine")
    with pytest.raises(BadInput, match="there is a kind cluster harness-mine of somebody's"):
        hosts.make("mine", KindOptions())
    assert "delete" not in notes.read_text(encoding="utf-8")
    assert hosts.find("mine") is None


def test_a_kind_cluster_that_somebody_made_meanwhile_is_not_removed(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSED", 'failed: node(s) already exist for a cluster with the name "harness-mine"')
    with pytest.raises(ClusterError, match="already exist"):
        hosts.make("mine", KindOptions())
    assert "delete" not in notes.read_text(encoding="utf-8")
    assert hosts.find("mine") is None


def test_a_port_is_needed_only_by_those_who_come_in_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = KindOptions(existing="theirs", node_port=31000)
    with pytest.raises(BadInput, match="maps no port to node port 31000"):
        hosts.make("mine", theirs)
    assert hosts.make("mine", theirs, needs_port=False).port == 0


def test_a_milvus_ends_with_its_kind_cluster_and_outlives_none_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(KubernetesOptions(), "dev", made_namespace=True, mark="m", kind="mine")
    assert not place.outlives("dev")
    host = hosts.make("mine", KindOptions())
    assert not place.outlives("dev")  # somebody deleted it by hand
    monkeypatch.setenv("CLUSTERS", "harness-mine")
    assert place.outlives("dev")
    host.keep()
    assert not place.outlives("dev")  # it goes with the last Milvus on it
    assert Place(KubernetesOptions(), "dev", made_namespace=True, mark="m").outlives("dev")


def test_what_is_missing_is_said_with_its_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_DAEMON", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock")
    with pytest.raises(ClusterError, match=r"Cannot connect to the Docker daemon.*start Docker"):
        kind.check(KindOptions())
    monkeypatch.delenv("NO_DAEMON")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=rf"port {port} is taken \(kind\.host_port\): take another, or 0"):
            kind.check(KindOptions(host_port=port))
    (tmp_path / "bin" / "kind").unlink()
    with pytest.raises(ClusterError, match=r"there is no kind \(PATH\): install it"):
        kind.check(KindOptions())
    (tmp_path / "bin" / "docker").unlink()
    with pytest.raises(ClusterError, match=r"there is no docker \(PATH\): install Docker"):
        kind.check(KindOptions())


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(ClusterError, match="not done after 0 s"):
        programs.run(["sleep", "5"], timeout_s=0.1)
