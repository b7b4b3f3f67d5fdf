"""Keeps what members logged."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping

from harness.errors import HarnessError
from harness.history import EventKind
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Cluster

# Writes an event down: its kind, its name, what it is, and its detail.
TellEvent = Callable[[EventKind, str, str, Mapping[str, str]], None]


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
