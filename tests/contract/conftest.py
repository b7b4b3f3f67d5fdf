"""A real cluster for each platform that the contract is held against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.platform import LocalPlatform


@pytest.fixture(scope="session", autouse=True)
def clusters_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # A short path: the object store's sockets lie below it.
    home = tmp_path_factory.mktemp("h")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def cluster(clusters_of_their_own: Path) -> Iterator[LocalCluster]:
    made = LocalPlatform().create(ClusterSpec("contract", milvus="2.3.5"), keep=False)
    yield made
    made.destroy()
