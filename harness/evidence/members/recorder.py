"""Writes down what becomes of members, which release each reports, and who serves in the end."""

from __future__ import annotations

from harness.cluster import Health, Role, version_of
from harness.errors import ClusterError
from harness.evidence.members.events import ReleaseDeclared, Serving, VersionReported
from harness.evidence.members.watcher import INTERVAL_S, Watcher
from harness.run.polling import Polling, PollingRecorder
from harness.run.traffic import PreparedTraffic
from harness.verbs import Cluster


class MembersRecorder(PollingRecorder):
    """Members as they are watched, and as they tell of themselves."""

    LOST = "the members can't be watched any more"

    def polling(self, cluster: Cluster) -> Polling:
        """Watch who lives."""
        return Polling("watcher", Watcher(cluster, self.into.append).look, INTERVAL_S)

    def before_traffic(self, cluster: Cluster) -> None:
        """Ask each what it is, and note what was asked for."""
        self.into.note(versions=self._tell_versions(cluster))
        if not cluster.shared:
            self._tell_release(self.into.spec.milvus)

    def after_traffic(self, cluster: Cluster, traffic: PreparedTraffic | None) -> None:
        """Write down how many query nodes serve segments. Where that can't be told, the reads that follow decide."""
        if traffic is None:
            return
        living = [m for m in cluster.members() if m.role is Role.QUERY_NODE and m.health is Health.READY]
        try:
            nodes, segments = traffic.serving()
        except ClusterError as error:
            self.into.remark(Role.QUERY_NODE, f"who serves can't be told: {error.what}")
            return
        self.into.say(Serving(nodes, len(living) or nodes, segments), Role.QUERY_NODE)

    def end(self, cluster: Cluster) -> None:
        """Ask each again."""
        self.into.note(versions_after=self._tell_versions(cluster))

    def _tell_release(self, asked: str) -> None:
        """Write down which release was asked for. A server's folder, or a tag of one's own, promises none."""
        if ".".join(map(str, version_of(asked))) == asked.removeprefix("v"):
            self.into.say(ReleaseDeclared(asked), "milvus")

    def _tell_versions(self, cluster: Cluster) -> dict[str, str]:
        """Return what each member says that it is, and write it down."""
        versions = dict(cluster.versions())
        for name, version in versions.items():
            if version:  # one that is down tells none
                self.into.say(VersionReported(version), name)
        return versions
