"""What a user chose for a run, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.cluster import Endpoint
from harness.errors import BadInput


@dataclass(frozen=True)
class RunOptions:
    """Everything that a run needs beside its scenarios.

    `milvus` replaces the version that scenarios start from, `slo` the shipped limits of the profile. With an
    `endpoint` nothing is started and nothing is broken.
    """

    seed: int = 1
    milvus: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    slo: Path | None = None
    endpoint: Endpoint | None = None
    keep: bool = False
    reports: Path = Path("reports")


def parse_settings(pairs: list[str]) -> dict[str, str]:
    """Read `key=value` pairs. Errors: BadInput for one without a `=`."""
    for pair in pairs:
        if "=" not in pair or pair.startswith("="):
            raise BadInput(f"{pair!r} is no setting", where="--set", mend="write it as key=value")
    return {key.strip(): value.strip() for key, _, value in (pair.partition("=") for pair in pairs)}


def parse_seed(text: str) -> int:
    """Read a seed. Errors: BadInput for what is no whole number from 0 on."""
    if not text.isdecimal():
        raise BadInput(f"{text!r} is no seed", where="--seed", mend="take a whole number from 0 on")
    return int(text)


def parse_endpoint(text: str, *, token: str, tls: bool) -> Endpoint:
    """Read host:port, also as a URI. Errors: BadInput."""
    scheme, _, rest = text.rpartition("://")
    host, _, port = rest.rpartition(":")
    if scheme not in ("", "http", "https", "tcp") or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInput(
            f"{text!r} is no endpoint", where="--endpoint", mend="write it as host:port, e.g. 10.0.0.5:19530"
        )
    return Endpoint(host, int(port), token=token, tls=tls or scheme == "https")
