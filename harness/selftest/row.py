"""A row of the detection matrix: a violation with the check that must fire, and its plain consequences."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from harness.plan.scenario import Scenario
from harness.selftest.backdoor import Plants
from harness.selftest.scenarios import CALM
from harness.slo.evidence import figures
from harness.slo.figure import Group

NOTHING: Set[str] = frozenset()


def data() -> frozenset[str]:
    """Return the figures of rows that are lost, changed or made up."""
    return frozenset(figure.name for figure in figures() if figure.group == Group.DATA)


def strict() -> Mapping[str, float]:
    """Return limits for where nothing is broken: an outage's budget would drown what is planted."""
    return {
        **dict.fromkeys(data(), 0.0),
        "steady_p99_ms": 1000,
        "recovered_p99_ms": 1000,
        "invalid_answers": 0,
        "bad_s": 0,
        "down_s": 0,
        "wrong_s": 0,
        "availability": 0.999,
        "recover_s": 5,
        "write_recover_s": 5,
        "fresh_recover_s": 5,
        "stale_reads": 0,
        "invalid_reads": 0,
        "unplanned_restarts": 0,
        "wrong_versions": 0,
        "idle_query_nodes": 0,
        "recall": 0.8,
    }


@dataclass(frozen=True)
class Row:
    """One violation. `must`: what has to fire, all of it; `may`: its plain consequences; anything else is a failure.

    `plants`: what is planted as a phase begins; without, the scenario itself violates. No `limits`: the shipped ones.
    `platform`: the class of platforms that it can be planted on.
    """

    number: str
    violation: str
    planted_by: str
    must: Set[str]
    may: Set[str] = NOTHING
    plants: Plants = field(default_factory=dict)
    scenario: Scenario = CALM
    limits: Mapping[str, float] | None = field(default_factory=strict)
    platform: type = object
