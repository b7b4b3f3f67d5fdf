"""A kind cluster: made with a way in for Milvus, and removed again; one that was there is left alone."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BadInput
from harness.platforms.kubernetes.access.programs import require, run
from harness.platforms.kubernetes.options import KindOptions, PortMapping

PREFIX = "harness-"
EXISTS = "already exist for a cluster with the name"  # how kind says so
_NODE_S = 60.0


def check(options: KindOptions) -> None:
    """Refuse what can't work, before anything is made. Errors: BadInput, ClusterError."""
    require("docker")
    require("kind")
    run(["docker", "info", "--format", "{{.ServerVersion}}"], timeout_s=20)
    if options.existing and options.existing not in names():
        there = ", ".join(names()) or "none"
        raise BadInput(f"there is no kind cluster {options.existing!r}", where="kind.existing", mend=f"there: {there}")
    if options.existing:
        return
    if options.host_port and not _is_free(options.host_port):
        raise BadInput(f"port {options.host_port} is taken", where="kind.host_port", mend="take another, or 0")
    for one in options.port_mappings:
        if not _is_free(one.host_port):
            raise BadInput(f"port {one.host_port} is taken", where="kind.port_mappings", mend="take another")


def names() -> list[str]:
    """Return every kind cluster of this machine."""
    return run(["kind", "get", "clusters"], timeout_s=30).split()


def create(name: str, options: KindOptions, kubeconfig: Path) -> int:
    """Make a cluster and return this machine's port that leads to Milvus. Errors: ClusterError."""
    port = options.host_port or _free_port()
    image = ["--image", options.node_image] if options.node_image else []
    config = yaml.safe_dump(cluster_config(options, port))
    run(
        [
            *("kind", "create", "cluster", "--name", PREFIX + name, "--config", "-"),
            *("--kubeconfig", str(kubeconfig), "--wait", f"{options.wait_s}s", *image),
        ],
        text=config,
        timeout_s=options.wait_s + 300,
        tag=kubeconfig.parent,
    )
    load_images(PREFIX + name, options, kubeconfig.parent)
    return port


def use(options: KindOptions, kubeconfig: Path, *, needs_port: bool = True) -> int:
    """Write the kubeconfig of a cluster that is there, and return the port that leads to its node port, 0 for none.

    Errors: ClusterError, BadInput where none leads there and one is needed.
    """
    text = run(["kind", "get", "kubeconfig", "--name", options.existing])
    kubeconfig.write_text(text, encoding="utf-8")
    kubeconfig.chmod(0o600)
    load_images(options.existing, options, kubeconfig.parent)
    return (options.host_port or _mapped_port(options)) if needs_port else 0


def load_images(name: str, options: KindOptions, tag: Path) -> None:
    """Copy images from this machine's Docker to every node. Errors: ClusterError."""
    if options.load_images:
        run(["kind", "load", "docker-image", "--name", name, *options.load_images], tag=tag)


def delete(name: str, kubeconfig: Path) -> None:
    """Remove a cluster that the harness made; one that is gone is fine. Errors: ClusterError."""
    run(["kind", "delete", "cluster", "--name", PREFIX + name, "--kubeconfig", str(kubeconfig)], timeout_s=120)


def cluster_config(options: KindOptions, port: int) -> dict[str, Any]:
    """Return kind's own configuration of the cluster."""
    to_milvus = PortMapping(container_port=options.node_port, host_port=port)
    mappings = [
        {"containerPort": one.container_port, "hostPort": one.host_port, "listenAddress": one.listen_address}
        for one in (to_milvus, *options.port_mappings)
    ]
    nodes = [{"role": "control-plane", "extraPortMappings": mappings}, *[{"role": "worker"}] * options.workers]
    own = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes}
    return {**options.config, **own}


def _mapped_port(options: KindOptions) -> int:
    """Return the port that Docker maps to the node port of an existing cluster. Errors: BadInput."""
    node = f"{options.existing}-control-plane"
    said = run(["docker", "port", node], timeout_s=20)
    if found := re.search(rf"^{options.node_port}/tcp -> .*:(\d+)$", said, re.MULTILINE):
        return int(found.group(1))
    raise BadInput(
        f"kind cluster {options.existing!r} maps no port to node port {options.node_port}",
        where="kind.node_port",
        mend="name the mapped one, or set way_in to port-forward",
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def stop_node(node: str) -> None:
    """Stop a node's container at once, as a machine that loses its power. Errors: ClusterError."""
    run(["docker", "stop", "--time", "0", node], timeout_s=_NODE_S)


def runs(node: str) -> bool:
    """Whether a node's container runs. Errors: ClusterError."""
    return run(["docker", "inspect", "--format", "{{.State.Running}}", node], timeout_s=_NODE_S).strip() == "true"


def start_node(node: str) -> None:
    """Start a node's container. Errors: ClusterError."""
    run(["docker", "start", node], timeout_s=_NODE_S)


# A node filters what is routed: between nodes, and to a service's address. On one node pods filter for themselves.
_DROP = """
drop() { iptables -w -I "$1" -s "$2" -d "$3" -m comment --comment {mark} -j DROP; }
drop FORWARD {one} {other} && drop FORWARD {other} {one} || exit 1
for space in /var/run/netns/*; do
  nsenter --net="$space" ip -4 -o addr show | grep -q " {one}/" || continue
  nsenter --net="$space" iptables -w -I INPUT -s {other} -m comment --comment {mark} -j DROP || exit 1
  nsenter --net="$space" iptables -w -I OUTPUT -d {other} -m comment --comment {mark} -j DROP || exit 1
done
"""
_UNDROP = """
undrop() {
  "$@" iptables -w -S | grep -F {mark} | sed 's/^-A/-D/' | while read -r rule; do "$@" iptables -w $rule; done
}
left() { "$@" iptables -w -S | grep -qF {mark}; }
undrop env
for space in /var/run/netns/*; do undrop nsenter --net="$space"; done
! left env || exit 1
for space in /var/run/netns/*; do ! left nsenter --net="$space" || exit 1; done
"""


def drop(name: str, mark: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Drop what pods send to each other, on every node; `mark` is what `undrop` finds it by. Errors: ClusterError."""
    _on_nodes(name, "".join(_filled(_DROP, mark=mark, one=one, other=other) for one, other in pairs))


def undrop(name: str, mark: str) -> None:
    """Take away what `drop` set. Doing it twice does no harm. Errors: ClusterError."""
    _on_nodes(name, _filled(_UNDROP, mark=mark))


def _filled(script: str, **names: str) -> str:
    for key, value in names.items():
        script = script.replace("{" + key + "}", value)
    return script


def _on_nodes(name: str, script: str) -> None:
    for node in run(["kind", "get", "nodes", "--name", name], timeout_s=_NODE_S).split():
        run(["docker", "exec", node, "sh", "-c", script], timeout_s=_NODE_S)
