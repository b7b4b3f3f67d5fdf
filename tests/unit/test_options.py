"""What a user typed, read into values; what can't be meant is refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cluster import Endpoint
from harness.errors import BadInput
from harness.run.options import parse_endpoint, parse_seed, parse_settings


def endpoint(text: str, token: str = "", *, tls: bool = False) -> Endpoint:
    return parse_endpoint(text, token=token, tls=tls)


@pytest.mark.parametrize(
    ("text", "host", "port", "tls"),
    [
        ("10.0.0.5:19530", "10.0.0.5", 19530, False),
        ("milvus.example:443", "milvus.example", 443, False),
        ("http://a:1", "a", 1, False),
        ("tcp://a:65535", "a", 65535, False),
        ("https://a:443", "a", 443, True),
        ("[::1]:19530", "[::1]", 19530, False),
    ],
)
def test_an_endpoint_is_read_with_or_without_its_scheme(text: str, host: str, port: int, tls: bool) -> None:
    found = endpoint(text)
    assert (found.host, found.port, found.tls) == (host, port, tls)
    assert found.address == f"{host}:{port}"
    assert found.uri == f"{'https' if tls else 'http'}://{host}:{port}"
    assert endpoint(text, tls=True).tls


@pytest.mark.parametrize(
    "text", ["a", "a:", ":1", "a:b", "a:0", "a:65536", "a:-1", "ftp://a:1", "http://", "", "a:1/x", "a:" + "9" * 9999]
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"is no endpoint \(--harness-endpoint\): write it as host:port"):
        endpoint(text)


def test_a_password_in_an_endpoint_is_refused_and_not_said_again() -> None:
    with pytest.raises(BadInput) as refused:
        endpoint("https://root:Secret1@milvus:19530")
    assert "Secret1" not in str(refused.value)
    assert "HARNESS_TOKEN" in refused.value.mend


@given(st.integers(0, 10**18 - 1))
def test_a_seed_is_a_whole_number(seed: int) -> None:
    assert parse_seed(str(seed)) == seed


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1e3", " ", "0x1", "²", "1" * 19, "9" * 5000])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"is no seed \(--harness-seed\): take a whole number") as refused:
        parse_seed(text)
    assert len(str(refused.value)) < 200


def test_settings_are_read_at_their_first_equals_sign() -> None:
    assert parse_settings(["a.b=1", " c = x=y ", "d="]) == {"a.b": "1", "c": "x=y", "d": ""}
    assert parse_settings(["a=1", "a=2"]) == {"a": "2"}
    assert parse_settings([]) == {}


@pytest.mark.parametrize("pair", ["a", "=1", " =1", "", "a.b:1"])
def test_what_is_no_setting_is_refused_by_the_option_it_was_given_to(pair: str) -> None:
    with pytest.raises(BadInput, match=r"is no setting \(--harness-set\): write it as key=value"):
        parse_settings(["ok=1", pair], option="--harness-set")
