"""A Milvus that its Helm chart deployed: it can be hurt; what changes it is Helm's business."""

from __future__ import annotations

from harness.journal import heal
from harness.platforms.kubernetes.milvus.breakable import BreakableCluster
from harness.platforms.trash import remove_folder


class ChartCluster(BreakableCluster):
    """The verbs of Breakable, Contained and OnNodes, for pods with the chart's labels."""

    def destroy(self) -> None:
        """Leave it as it was; remove only what the harness wrote down of it."""
        heal(self)
        self.let_go()
        remove_folder(self.folder.path)
