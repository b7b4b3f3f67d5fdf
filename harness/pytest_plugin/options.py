"""The plugin's options, all of them prefixed and in one group, read into typed values."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.plan.profiles import check_profile
from harness.platforms.choice import PlatformChoice
from harness.platforms.token import read_token
from harness.pytest_plugin.marks import Marked
from harness.run.options import RunOptions, parse_endpoint, parse_retries, parse_seed, parse_settings

# What no other platform can do is left out of what is run everywhere.
_KUBERNETES = "kubernetes"
# A selection by name: which marked tests, under which settings profiles, with how many replicas.
_SELECTIONS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "gate": (("fast",), (1,)),
    "nightly": (("fast", "default"), (1, 2)),
    _KUBERNETES: (("default",), (1,)),
}


@dataclass(frozen=True)
class Selection:
    """Which scenarios run and in which variants. Without names: all that pytest collected."""

    name: str
    names: tuple[str, ...]
    profiles: tuple[str, ...]
    replicas: tuple[int, ...]

    def takes(self, mark: Marked) -> bool:
        """Whether a marked test's scenario is one of them."""
        if self.name in _SELECTIONS:
            everywhere = self.name == "nightly" and _KUBERNETES not in mark.selections
            return everywhere or self.name in mark.selections
        return not self.names or mark.scenario.name in self.names

    def require(self, found: Sequence[Marked]) -> None:
        """Refuse a selection that names what was not collected. Errors: BadInput."""
        there = [mark.scenario.name for mark in found]
        for name in self.names:
            if name not in there:
                close = difflib.get_close_matches(name, [*_SELECTIONS, *there], n=1)
                hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(there) or 'none'}"
                raise BadInput(f"there is no scenario or selection {name!r}", where="--harness-select", mend=hint)
        if self.name in _SELECTIONS and not any(map(self.takes, found)):
            raise BadInput(
                f"no scenario of the selection {self.name} was collected",
                where="--harness-select",
                mend="name the files that hold some, e.g. pytest scenarios",
            )


def add(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("harness", "Milvus harness: chaos and acceptance scenarios")
    text = group.addoption
    text(
        "--harness-select",
        metavar="NAME",
        help="gate, nightly, kubernetes, or scenarios by name with commas",
    )
    text(
        "--harness-profile", action="append", metavar="NAME", help="settings profile: fast or default; may be repeated"
    )
    text("--harness-replicas", action="append", metavar="N", help="replicas of the collection; may be repeated")
    text("--harness-seed", default="1", metavar="N", help="decides data, traffic, members and moments (default: 1)")
    text("--harness-milvus", metavar="WHAT", help="a version, or the folder of an unpacked server")
    text("--harness-set", action="append", default=[], metavar="KEY=VALUE", help="a Milvus setting; may be repeated")
    text("--harness-slo", metavar="FILE", help="a file of limits instead of the profile's own")
    text("--harness-endpoint", metavar="HOST:PORT", help="a Milvus that already runs: traffic and checks, no faults")
    text("--harness-platform", default="local", metavar="NAME", help="local, kind or kubernetes (default: local)")
    text("--harness-platform-file", metavar="FILE", help="options of kind and kubernetes, see docs/kubernetes.md")
    text(
        "--harness-platform-option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of any platform; may be repeated",
    )
    text("--harness-context", default="", metavar="NAME", help="kubernetes: the kubeconfig's context to use")
    text("--harness-namespace", default="", metavar="NAME", help="kubernetes: a namespace that is there already")
    text("--harness-tls", action="store_true", help="the endpoint, or a way in of kubernetes, speaks TLS")
    text("--harness-token-file", metavar="FILE", help="holds the token that Milvus asks for (or set HARNESS_TOKEN)")
    text("--harness-keep", action="store_true", help="leave the cluster up after a failure, and say how to reach it")
    text("--harness-retries", default="1", metavar="N", help="how often what is INVALID is run again: 0, 1 or 2")
    text("--harness-reports", default="reports", metavar="DIR", help="where runs are kept (default: reports)")
    text("--harness-plan", action="store_true", help="print the numbered steps and stop")


def selection(config: pytest.Config) -> Selection:
    """Read what is to be run. Errors: BadInput."""
    chosen = config.getoption("--harness-select") or ""
    profiles, replicas = _SELECTIONS.get(chosen, (("fast",), (1,)))
    given_profiles = config.getoption("--harness-profile")
    given_replicas = config.getoption("--harness-replicas")
    for profile in given_profiles or ():
        check_profile(profile, where="--harness-profile")
    return Selection(
        name=chosen or "all",
        names=() if chosen in _SELECTIONS else tuple(filter(None, chosen.split(","))),
        profiles=tuple(given_profiles) if given_profiles else profiles,
        replicas=tuple(map(_replicas, given_replicas)) if given_replicas else replicas,
    )


def run_options(config: pytest.Config) -> RunOptions:
    """Read the rest. Errors: BadInput."""
    option = config.getoption
    address = option("--harness-endpoint")
    slo = option("--harness-slo")
    token = read_token(option("--harness-token-file") or "", where="--harness-token-file") if address else ""
    return RunOptions(
        seed=parse_seed(option("--harness-seed")),
        milvus=option("--harness-milvus"),
        settings=parse_settings(option("--harness-set"), option="--harness-set"),
        slo=Path(slo) if slo else None,
        endpoint=parse_endpoint(address, token=token, tls=option("--harness-tls")) if address else None,
        keep=option("--harness-keep"),
        platform=_platform(config),
        reports=Path(option("--harness-reports")),
        retries=parse_retries(option("--harness-retries")),
    )


def _platform(config: pytest.Config) -> PlatformChoice:
    option = config.getoption
    named = {key: option(f"--harness-{key}") for key in ("platform-file", "context", "namespace")}
    pairs = option("--harness-platform-option")
    if option("--harness-endpoint"):  # the token and TLS are its own
        if given := [f"--harness-{key}" for key, value in {**named, "platform-option": pairs}.items() if value]:
            what = "nothing is started where a Milvus is that runs already"
            raise BadInput(what, where=given[0], mend="leave it out, or leave out --harness-endpoint")
    else:
        token_file = option("--harness-token-file")
        named |= {"token-file": Path(token_file).resolve() if token_file else "", "tls": option("--harness-tls")}
    return PlatformChoice.of(option("--harness-platform"), pairs, **named)


def _replicas(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise BadInput(f"{text!r} is no number of replicas", where="--harness-replicas", mend="take 1 or more")
    return int(text)
