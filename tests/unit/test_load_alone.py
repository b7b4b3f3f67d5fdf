"""The Locust file as a user runs it, without the harness."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from harness.cluster import Endpoint
from harness.errors import BadInput
from harness.load.alone import HELP, TYPES, Options, parse_host, traffic_alone

_ROOT = Path(__file__).parents[2]


def _locust(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(_ROOT / "loadtests/search.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(_ROOT), "COLUMNS": "200"},
    )


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [
        ("127.0.0.1:19531", Endpoint("127.0.0.1", 19531, "t")),
        ("db.example", Endpoint("db.example", 19530, "t")),
        ("http://db.example:1/", Endpoint("db.example", 1, "t")),
        ("https://db.example", Endpoint("db.example", 19530, "t", tls=True)),
    ],
)
def test_a_host_is_what_locust_takes(host: str, endpoint: Endpoint) -> None:
    assert parse_host(host, "t") == endpoint


@pytest.mark.parametrize("host", ["", "ftp://x", ":19530", "x:many"])
def test_a_host_that_is_none(host: str) -> None:
    with pytest.raises(BadInput, match="--host"):
        parse_host(host, "")


@pytest.mark.parametrize(
    ("made", "options", "insert_rate", "delete_rate"),
    [
        (False, Options(), 0, 0),
        (True, Options(), 5, 1),
        (True, Options(insert_rate=0.0), 0, 0),
        (True, Options(insert_rate=0.5), 0.5, 0.5),
        (False, Options(insert_rate=3.0), 3, 0),
        (False, Options(insert_rate=3, delete_rate=2), 3, 2),
    ],
)
def test_what_is_written_unless_it_is_asked_for(
    *, made: bool, options: Options, insert_rate: float, delete_rate: float
) -> None:
    traffic = traffic_alone(options, made=made)
    assert (traffic.insert_rate, traffic.delete_rate) == (insert_rate, delete_rate)


def test_deletes_without_inserts_are_refused() -> None:
    with pytest.raises(BadInput, match="delete_rate is 2, but no more than insert_rate, 0, can be"):
        traffic_alone(Options(delete_rate=2.0), made=False)


def test_every_option_is_described() -> None:
    assert {f.name for f in fields(Options)} == set(HELP) == set(TYPES)


def test_the_files_own_words_name_every_option() -> None:
    said = ast.get_docstring(ast.parse((_ROOT / "loadtests/search.py").read_text())) or ""
    described = dict(re.findall(r"^ +--(\S+) \S+ +(.*)$", said, re.MULTILINE))
    assert set(described) == {name.replace("_", "-") for name in HELP} | {"records"}
    for field in fields(Options):
        own = described[field.name.replace("_", "-")]
        assert own.endswith(f"({field.default:g})" if isinstance(field.default, float | int) else ")")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "127.0.0.1:1", "--consistency", "Loose"], "unknown consistency 'Loose' (--consistency)"),
        ([], "'' is no address (--host)"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_4(tmp_path: Path, arguments: list[str], says: str) -> None:
    ended = _locust("--headless", "--only-summary", "--records", str(tmp_path), *arguments)
    assert ended.returncode == 4
    assert says in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
