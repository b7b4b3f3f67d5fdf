"""What a run asks of the cluster's members beside its traffic: which release each is, who serves, what they logged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping

from harness.cluster import Health, Role, version_of
from harness.errors import ClusterError, HarnessError
from harness.history import EventKind
from harness.run.traffic import PreparedTraffic
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster

# Writes an event down: its kind, its name, what it is, and its detail.
TellEvent = Callable[[EventKind, str, str, Mapping[str, str]], None]


def tell_release(asked: str, tell: TellEvent) -> None:
    """Write down which release was asked for. A server's folder, or a tag of one's own, promises none."""
    if ".".join(map(str, version_of(asked))) == asked.removeprefix("v"):
        tell(EventKind.MEMBER, "milvus", "declared", {"version": asked})


def tell_versions(cluster: Cluster, tell: TellEvent) -> dict[str, str]:
    """Return what each member says that it is, and write it down."""
    versions = dict(cluster.versions())
    for name, version in versions.items():
        if version:  # one that is down tells none
            tell(EventKind.MEMBER, name, "version", {"version": version})
    return versions


def tell_serving(cluster: Cluster, traffic: PreparedTraffic, tell: TellEvent) -> None:
    """Write down how many query nodes serve segments. Where that can't be told, the reads that follow decide."""
    living = [m for m in cluster.members() if m.role is Role.QUERY_NODE and m.health is Health.READY]
    try:
        nodes, segments = traffic.serving()
    except ClusterError as error:
        tell(EventKind.NOTE, Role.QUERY_NODE, f"who serves can't be told: {error.what}", {})
        return
    detail = {"nodes": str(nodes), "of": str(len(living) or nodes), "segments": str(segments)}
    tell(EventKind.MEMBER, Role.QUERY_NODE, "serving", detail)


def keep_logs(cluster: Cluster, folder: ScenarioFolder, tell: TellEvent) -> None:
    """Keep the members' logs. What goes wrong here never hides what went wrong before."""
    try:
        files = cluster.log_files()
    except (HarnessError, OSError) as error:
        tell(EventKind.NOTE, cluster.name, f"its logs could not be kept: {error}", {})
        return
    for name, file in files.items():
        try:
            shutil.copyfile(file, folder.logs / f"{name}.log")
        except OSError as error:
            tell(EventKind.NOTE, name, f"its log could not be kept: {error.strerror}", {})
