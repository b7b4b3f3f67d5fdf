"""What unit tests share: sessions of pytest and commands inside a test, for real and without a server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from harness.platforms.local import platform as local
from harness.platforms.local.cluster import LocalCluster
from harness.platforms.local.parts import milvus_server
from harness.platforms.local.server import Server
from harness.pytest_plugin import pages, prepare
from tests.unit.inner_pytest import Run

# How long an example takes says something of the machine, not of the code.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
# Loaded here once, and so not once for every session within a test.
_LOADED = (pages, prepare)
_PLUGINS = [f"-p{name}" for name in ("no:cacheprovider", "pytest_metadata.plugin", "pytest_html.plugin")]


@pytest.fixture
def no_servers(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let the two versions of the gate seem fetched, and no cluster of the user's be seen; return their home."""
    home = tmp_path_factory.mktemp("h")
    monkeypatch.setenv("HARNESS_HOME", str(home))
    monkeypatch.delenv("HARNESS_TOKEN", raising=False)
    template = home / "template"
    template.write_text("proxy:\n  port: 1\n  maxTaskNum: 1024\n", encoding="ascii")
    servers = {version: Server(version, home / "milvus", home, template) for version in ("2.3.0", "2.3.5")}

    def refuse(_: LocalCluster) -> None:
        raise AssertionError("a unit test starts no cluster")

    monkeypatch.setattr(LocalCluster, "create", refuse)
    monkeypatch.setattr(local, "milvus_server", lambda milvus: servers.get(milvus) or milvus_server(milvus))
    return home


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, no_servers: Path) -> Iterator[Run]:
    """Run pytest with arguments, with our plugin and pytest-html and none of those that a test's author has."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    before = signal.getsignal(signal.SIGTERM)

    def go(*arguments: str) -> pytest.RunResult:
        # The outer session has imported the plugin already, and pytest would say so.
        quiet = "-Wignore::pytest.PytestAssertRewriteWarning"
        return pytester.runpytest_inprocess(*_PLUGINS, "-pharness.pytest_plugin", quiet, *arguments)

    yield go
    signal.signal(signal.SIGTERM, before)
