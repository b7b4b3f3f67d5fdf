"""Run one planned scenario from nothing to its verdict."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import monotonic_ns, time_ns

from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput, HarnessError
from harness.plan.plan import Plan, make_plan
from harness.plan.profiles import check_profile
from harness.plan.scenario import Scenario
from harness.platforms.endpoint import EndpointPlatform
from harness.platforms.registry import make_platform
from harness.run.driver import refuse
from harness.run.environment import environment
from harness.run.execute import Execution, Reach, own_address
from harness.run.judging import judge_folder
from harness.run.options import RunOptions
from harness.run.progress import Reporter
from harness.slo.evidence import kinds, require
from harness.slo.limits import SCENARIOS, Limits, load_limits
from harness.store.record import ScenarioRecord
from harness.store.run_folder import RunFolder
from harness.store.run_record import Judged
from harness.store.scenario_folder import ScenarioFolder
from harness.verbs import Platform
from harness.verdict import Verdict


@dataclass(frozen=True)
class Wanted:
    """One scenario of a run: its plan, the command that runs it alone, and the name of its folder."""

    plan: Plan
    name: str
    command: str


def platform_of(options: RunOptions) -> Platform:
    """Return what runs the clusters, or nothing that does where one runs already. Errors: BadInput."""
    return EndpointPlatform(options.endpoint) if options.endpoint else make_platform(options.platform)


def spec_of(wanted: Wanted, options: RunOptions) -> ClusterSpec:
    """Return the cluster that a scenario starts with."""
    return spec_for(wanted.plan.scenario, wanted.plan.profile, wanted.name, options)


def spec_for(scenario: Scenario, profile: str, name: str, options: RunOptions) -> ClusterSpec:
    """Return the cluster that a scenario starts with under a settings profile."""
    return ClusterSpec(
        name=f"{_short(name)}-{os.getpid()}",
        milvus=scenario.milvus,
        profile=profile,
        settings={**scenario.settings, **options.settings},
        topology=scenario.topology,
    )


def plan_of(scenario: Scenario, profile: str, replicas: int, options: RunOptions, platform: Platform) -> Plan:
    """Return a scenario's plan on a platform, under the limits that will judge it. Errors: BadInput."""
    return make_plan(
        scenario,
        profile=profile,
        replicas=replicas,
        seed=options.seed,
        about=platform.durations,
        limits=limits_of(scenario.name, profile, options, platform),
        settings=platform.settings(spec_for(scenario, profile, scenario.name, options)),
    )


def check(wanted: Wanted, options: RunOptions, platform: Platform) -> None:
    """Refuse, before anything starts, what could not be run. Errors: BadInput, ClusterError, Unsupported."""
    require("recorder", "section", "reader")
    limits_of(wanted.plan.scenario.name, wanted.plan.profile, options, platform)
    spec = spec_of(wanted, options)
    _refuse_actions(wanted.plan, platform)
    platform.check(spec)
    _refuse_actions(wanted.plan, platform)  # what it found there may be able to do less
    counts = {role: spec.topology.count(role) for role in spec.roles}
    for part in (part for planned in wanted.plan.actions for part in planned.action.parts):
        part.fit(counts)
        if (changed := part.changed(spec)) != spec:
            platform.check(changed)
    if wanted.plan.scenario.data and wanted.plan.replicas > wanted.plan.scenario.count(Role.QUERY_NODE):
        raise BadInput(
            f"{wanted.plan.replicas} replicas need as many query nodes", where=wanted.name, mend="take fewer replicas"
        )


def _refuse_actions(plan: Plan, platform: Platform) -> None:
    for action in (planned.action for planned in plan.actions):
        refuse(action, platform)
        if action.sees_traffic and not plan.scenario.traffic:
            where = plan.scenario.name
            raise BadInput(f"{action.label}: nobody sends any traffic", where=where, mend="give the scenario traffic")


def limits_of(scenario: str, profile: str, options: RunOptions, platform: Platform) -> Limits:
    """Return the limits of a scenario: the profile's, or those of the user's file. Errors: BadInput."""
    check_profile(profile)
    known = {*SCENARIOS, *options.scenarios}
    return load_limits(options.slo or platform.limits(profile), scenario, known=known)


def run_scenario(
    wanted: Wanted,
    options: RunOptions,
    platform: Platform,
    run: RunFolder,
    reporter: Reporter,
    *,
    reach: Reach = own_address,
) -> Judged:
    """Run a scenario and judge it. A cluster that broke off is judged too: its run is INVALID.

    `reach` gives the address by which clients reach the cluster: its own, unless something stands between.

    Errors: KeyboardInterrupt, and what is a defect of the harness; the folder is complete in any case.
    """
    folder = run.new_scenario(wanted.name)
    judged: list[Judged] = []

    def judge_it() -> bool:
        judged[:] = [judge_folder(folder)[2]]
        _keep_crashes(judged[0], folder)
        return judged[0].judgement.verdict is Verdict.PASS

    execution = Execution(wanted.plan, platform, spec_of(wanted, options), folder, reporter, reach=reach)
    try:
        execution.run(_record(wanted, options, platform), keep_unless=judge_it if options.keep else None)
    except HarnessError as error:
        reporter.say(f"{wanted.name}: {error}")
    judge_it()
    return judged[0]


def _keep_crashes(judged: Judged, folder: ScenarioFolder) -> None:
    """Write down where checks crashed, for whoever mends them."""
    if crashes := judged.judgement.crashes:
        told = "\n".join(f"{crash.check}\n{crash.traceback}" for crash in crashes)
        (folder.path / "crashed-checks.txt").write_text(told, encoding="utf-8")


def _record(wanted: Wanted, options: RunOptions, platform: Platform) -> ScenarioRecord:
    plan, scenario = wanted.plan, wanted.plan.scenario
    limits = limits_of(scenario.name, plan.profile, options, platform)
    return ScenarioRecord(
        name=wanted.name,
        title=scenario.title,
        seed=plan.seed,
        platform=platform.name,
        profile=plan.profile,
        plan=tuple(step.text for step in plan.steps),
        command=wanted.command,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        milvus=scenario.milvus,
        data=_data_of(plan),
        traffic=(asdict(scenario.traffic) if scenario.traffic else {}) | {"k": scenario.data.k if scenario.data else 0},
        limits=limits.written(),
        calibrated=limits.calibrated,
        faults=len(plan.actions),
        drawn_from="" if isinstance(scenario.faults, tuple) else scenario.faults.source,
        scenario=scenario.name,
        thresholds=dict(scenario.thresholds),
        settings=platform.settings(spec_of(wanted, options)),
        environment=environment(),
        evidence=tuple(one.name for one in kinds()),
        wall_offset_ns=time_ns() - monotonic_ns(),
    )


def _data_of(plan: Plan) -> dict[str, str]:
    if not plan.scenario.data:
        return {}
    given = {name: _shown(value) for name, value in vars(plan.scenario.data).items() if value is not None}
    return {**given, "replicas": str(plan.replicas)}


def _shown(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)


def _short(name: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in name.lower())[:16].strip("-")
