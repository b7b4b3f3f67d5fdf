"""What a user chose for a run, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import BadInput
from harness.pairs import read_pairs
from harness.platforms.choice import PlatformChoice

if TYPE_CHECKING:  # every pytest session reads options, and few have an endpoint
    from harness.cluster import Endpoint

# Such a number fits into 64 bits, as the files of a run hold it.
_SEED_DIGITS = 18


@dataclass(frozen=True)
class RunOptions:
    """Everything that a run needs beside its scenarios.

    `milvus` replaces the version that scenarios start from, `slo` the shipped limits of the profile. With an
    `endpoint` nothing is started and nothing is broken. `scenarios` are all that were collected: a file of limits
    may name any of them. One that proves nothing is run again `retries` times; a FAIL never.
    """

    seed: int = 1
    milvus: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    slo: Path | None = None
    endpoint: Endpoint | None = None
    platform: PlatformChoice = field(default_factory=PlatformChoice)
    keep: bool = False
    reports: Path = Path("reports")
    retries: int = 1
    scenarios: frozenset[str] = frozenset()


def parse_settings(pairs: list[str], *, option: str = "--set") -> dict[str, str]:
    """Read the `key=value` pairs of an option. Errors: BadInput for one without a `=`."""
    return dict(read_pairs(pairs, option=option, what="setting"))


def parse_seed(text: str) -> int:
    """Read a seed. Errors: BadInput for what is no whole number from 0 on."""
    if not text.isdecimal() or len(text) > _SEED_DIGITS:
        mend = f"take a whole number from 0 on, of at most {_SEED_DIGITS} digits"
        raise BadInput(f"{text[:40]!r} is no seed", where="--harness-seed", mend=mend)
    return int(text)


def parse_retries(text: str) -> int:
    """Read how often what proves nothing is run again: never often, or it is run until it passes. Errors: BadInput."""
    if text not in ("0", "1", "2"):
        raise BadInput(f"{text[:40]!r} is no number of retries", where="--harness-retries", mend="take 0, 1 or 2")
    return int(text)


def parse_endpoint(text: str, *, token: str, tls: bool) -> Endpoint:
    """Read host:port, also as a URI. Errors: BadInput."""
    if "@" in text:  # not told again: what stands before it is a password
        mend = "leave the user out; the token goes into a file or HARNESS_TOKEN"
        raise BadInput("an endpoint holds no user and no password", where="--harness-endpoint", mend=mend)
    scheme, _, rest = text.rpartition("://")
    host, _, port = rest.rpartition(":")
    in_range = port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536
    if scheme not in ("", "http", "https", "tcp") or not host or not in_range:
        raise BadInput(
            f"{text!r} is no endpoint", where="--harness-endpoint", mend="write it as host:port, e.g. 10.0.0.5:19530"
        )
    from harness.cluster import Endpoint  # noqa: PLC0415 - few sessions have one

    return Endpoint(host, int(port), token=token, tls=tls or scheme == "https")
