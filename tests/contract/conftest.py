"""A real cluster for each platform that the contract is held against.

`kind` takes part where HARNESS_TEST_KIND names a file of options for it, e.g. tests/lab/kind.yaml.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cluster import ClusterSpec
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.platform import LocalPlatform
from harness.platforms.registry import PlatformChoice, make_platform
from tests.contract.both import Both

KIND_FILE = "HARNESS_TEST_KIND"


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


@pytest.fixture(scope="module", params=["local", "kind"])
def either(request: pytest.FixtureRequest, clusters_of_their_own: Path) -> Iterator[Both]:
    """A cluster of one platform after the other, seen through the protocols alone."""
    file = os.environ.get(KIND_FILE)
    if request.param == "kind" and not file:
        pytest.skip(f"set {KIND_FILE} to a file of options, e.g. tests/lab/kind.yaml")
    platform = make_platform(PlatformChoice(request.param, Path(file) if file else None))
    try:
        made = platform.create(ClusterSpec("either", milvus="2.3.5"), keep=False)
        assert isinstance(made, Both)
        yield made
        made.destroy()
    finally:
        platform.close()
