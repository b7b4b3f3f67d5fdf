"""A Milvus that belongs to somebody: asked what it is, and never touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymilvus import MilvusException

from harness.cluster import ClusterSpec, Endpoint
from harness.errors import ClusterError
from harness.platforms import endpoint as endpoints
from harness.platforms.endpoint import EndpointCluster, EndpointPlatform
from harness.verbs import Breakable, Changeable

ADDRESS = Endpoint("milvus.example", 443, token="root:Secret1", tls=True)  # noqa: S106 - nobody's


class Client:
    """In place of pymilvus: what it was made with, and what it answers."""

    made: list[tuple[str, str]] = []  # noqa: RUF012 - emptied for each test
    answer: str | MilvusException = "2.4.1"

    def __init__(self, uri: str, *, token: str, timeout: float) -> None:
        assert timeout > 0
        self.made.append((uri, token))
        if isinstance(self.answer, MilvusException):
            raise self.answer

    def get_server_version(self, timeout: float) -> str | MilvusException:
        assert timeout > 0
        return self.answer

    def close(self) -> None:
        self.made.append(("closed", ""))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    fresh = type("Client", (Client,), {"made": []})
    monkeypatch.setattr(endpoints, "MilvusClient", fresh)
    return fresh


def test_it_is_asked_for_its_version_with_its_token_and_tls(client: Any) -> None:
    cluster = EndpointPlatform(ADDRESS).create(ClusterSpec("any"), keep=False)
    assert cluster.versions() == {"proxy": "2.4.1"}
    assert set(client.made) == {("https://milvus.example:443", "root:Secret1"), ("closed", "")}


def test_one_that_does_not_answer_is_told_in_one_line_without_the_token(client: Any) -> None:
    client.answer = MilvusException(message="server unavailable")
    with pytest.raises(ClusterError) as told:
        EndpointPlatform(ADDRESS).check(ClusterSpec("any"))
    assert str(told.value).startswith("no Milvus answers: server unavailable (milvus.example:443): check the address")
    assert "Secret1" not in str(told.value)


def test_nothing_can_be_done_to_it_and_nothing_is_left_of_it() -> None:
    cluster = EndpointCluster(ADDRESS)
    assert cluster.shared
    assert not isinstance(cluster, Breakable)
    assert not isinstance(cluster, Changeable)
    assert cluster.endpoint() == ADDRESS
    assert cluster.name == "milvus.example:443"
    assert (cluster.members(), cluster.pulse(), cluster.revive(), cluster.log_files()) == ((), {}, (), {})
    cluster.destroy()
    EndpointPlatform(ADDRESS).keep("any")
    assert cluster.journal == Path("/dev/null")
    with pytest.raises(ClusterError, match="there is no log of proxy-1"):
        cluster.logs("proxy-1")
