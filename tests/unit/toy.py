"""What somebody adds to the harness from outside: an action with a verb of its own, a platform that has it, and a kind
of evidence that sees what comes of it.

See CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from harness.api import Scenario
from harness.extension import (
    Action,
    Ailment,
    Begin,
    Cluster,
    ClusterSpec,
    Durations,
    Effect,
    Evidence,
    Figure,
    Finding,
    Heal,
    Healed,
    Health,
    Hold,
    Inputs,
    Judge,
    Leftover,
    Measured,
    Moments,
    Part,
    PlatformChoice,
    PreparedTraffic,
    Recorder,
    Role,
    Row,
    ScenarioView,
    Seconds,
    Section,
    Stage,
    Table,
    Undo,
    Validity,
    event,
    said,
    value,
)
from harness.platforms import home
from harness.platforms.state import ClusterState, Folder, clusters_home
from tests.unit.fake_cluster import Watched


@runtime_checkable
class Sleepy(Protocol):
    """A cluster whose members can be sent to sleep."""

    def lull(self, member: str) -> None:
        """Send a member to sleep."""
        ...

    def wake(self, member: str) -> None:
        """Wake it; nothing to do where it is awake."""
        ...


@value
class Lull(Action[Sleepy]):
    """Send one member of a role to sleep for a time."""

    role: Role
    for_s: Seconds = 3.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"lull {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s

    def carry_out(self, cluster: Sleepy, stage: Stage) -> Moments:
        """Send it to sleep, see that it sleeps, wake it, see that it is ready."""
        (target,) = stage.choose(self.role)
        yield Begin((Undo("wake", (target,)),), {"members": target})  # on disk before anything is done
        cluster.lull(target)
        stage.see(target, Health.PAUSED)  # seen, not believed
        yield Effect({"members": target})
        yield Hold(self.for_s)  # traffic flows on
        yield Heal()
        cluster.wake(target)
        stage.see(target, Health.READY)
        yield Healed()


class SleepyCluster(Watched):
    """A cluster with that verb."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.obeys = True
        self.has_a_cold = False
        self.snores: Counter[str] = Counter()

    def lull(self, member: str) -> None:
        """Send a member to sleep."""
        self.calls.append(f"lull {member}")
        self.snores[member] += self.has_a_cold
        if self.obeys:
            self.set(member, health=Health.PAUSED)

    def destroy(self) -> None:
        """Leave nothing."""
        super().destroy()
        shutil.rmtree(self.folder, ignore_errors=True)

    def catch_a_cold(self) -> None:
        """Have whoever sleeps from now on snore."""
        self.has_a_cold = True

    def wake(self, member: str) -> None:
        """Wake it."""
        self.calls.append(f"wake {member}")
        self.set(member, health=Health.READY)


@event("sleep", "snored")
class Snored:
    """How often a member was heard."""

    times: int


@event("sleep", "listened")
class Listened:
    """Somebody listened to the room."""


SNORES = Figure(
    "snores",
    "Times that a sleeping member was heard",
    "times",
    "sleep",
    check="snoring",
    expected="members sleep quietly",
)


class SnoreRecorder(Recorder):
    """Listens to the members once all is over, and to the room while nobody else makes any noise."""

    def alone(self) -> None:
        """Write down that the room was listened to."""
        self.into.say(Listened(), "room")

    def after_traffic(self, cluster: Cluster, traffic: PreparedTraffic | None) -> None:
        """Write down who was heard, and how often."""
        del traffic
        if isinstance(cluster, SleepyCluster):
            for name, times in cluster.snores.items():
                self.into.say(Snored(times), name)
        (self.into.folder.path / "dreams.json").write_text(json.dumps(["sheep", "goats"]), encoding="utf-8")


def read_dreams(folder: Path) -> tuple[str, ...]:
    """Read what does not fit into events."""
    path = folder / "dreams.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()


class SnoreJudge(Judge):
    """Counts; pure, from the events alone."""

    figures = (SNORES,)

    def measure(self, at: Inputs) -> Part:
        """Return how often members were heard, and name them."""
        told = list(said(at.history.events, Snored))
        count = sum(one.value.times for one in told)
        who = ", ".join(one.name for one in told)
        findings = (Finding("snoring", f"heard: {who}", count, t_ns=told[0].t_ns),) if count else ()
        return Part({"snores": Measured(float(count), len(told))}, findings)

    def conditions(self, at: Inputs) -> Iterator[Validity]:
        """Yield that somebody listened, where it matters."""
        if SNORES.name in at.held:  # it is asked of every scenario, also of those that are about something else
            heard = len(list(said(at.history.events, Snored)))
            yield Validity("Members listened to", str(heard), ">= 1", ok=heard > 0)


class SnoreSection(Section):
    """A table on the page."""

    def tables(self, view: ScenarioView) -> Iterator[Table]:
        """Yield who was heard."""
        told = said(view.history.events, Snored)
        dreams = ", ".join(view.history.recorded["sleep"])
        yield Table("Sleep", ("Member", "Heard"), tuple((one.name, str(one.value.times)) for one in told), dreams)


class ToyPlatform:
    """Makes such clusters. An entry point of the group `milvus_harness.platforms` names ENTRY."""

    name = "toy"
    verbs: tuple[type, ...] = (Sleepy,)
    dependencies: tuple[Role, ...] = (Role.ETCD,)
    notice = ""
    durations = Durations()

    def __init__(self, bed: str = "floor") -> None:
        self.bed = bed

    def check(self, spec: ClusterSpec) -> None:
        """Refuse nothing."""

    def intent(self, spec: ClusterSpec) -> tuple[str, ...]:
        """Say what would be done."""
        return (f"make up a Milvus {spec.milvus} on the {self.bed}",)

    def create(self, spec: ClusterSpec, *, keep: bool) -> SleepyCluster:
        """Make one, with a folder that other commands find."""
        del keep
        home.claim(Folder(clusters_home() / spec.name), ClusterState(spec, owner=None, platform=self.name))
        self.made = SleepyCluster(clusters_home() / spec.name)
        return self.made

    def keep(self, name: str) -> None:
        """It stays in any case."""

    def settings(self, spec: ClusterSpec) -> Mapping[str, str]:
        """Return those that were asked for."""
        return spec.settings

    def limits(self, profile: str) -> str:
        """Return the name of the shipped file of limits for a settings profile."""
        return profile

    def close(self) -> None:
        """Nothing is shared between clusters."""


class ToyEntry:
    """How it is found."""

    options: Mapping[str, str] = MappingProxyType({"bed": "where members sleep"})

    def make(self, choice: PlatformChoice) -> ToyPlatform:
        """Return the platform."""
        return ToyPlatform(choice.given.get("bed", "floor"))

    def open(self, folder: Folder) -> SleepyCluster:
        """Return a cluster that exists."""
        return SleepyCluster(folder.path)

    def leftovers(self) -> tuple[Leftover, ...]:
        """Return none."""
        return ()

    def doctor(self) -> tuple[Ailment, ...]:
        """Look at what it needs."""
        return (Ailment("pillows", ok=True, mend=""),)


ENTRY = ToyEntry()
QUIET = Scenario(
    "lulled", "A proxy sleeps", faults=(Lull(Role.PROXY, for_s=0.5),), data=None, traffic=None, observe_s=0.1
)
# What is planted is done from outside: neither the recorder nor the judge knows of it.
ROWS = (
    Row(
        "toy",
        "a member that snores",
        "a cold",
        must={"snores"},
        plants={"fault": lambda backdoor: backdoor.able(SleepyCluster).catch_a_cold()},
        scenario=QUIET,
        limits={"snores": 0},
    ),
    Row("toy-quiet", "nothing", "control: nobody", must=frozenset(), scenario=QUIET, limits={"snores": 0}),
)
# Another entry point, of the group `milvus_harness.evidence`.
EVIDENCE = Evidence(
    "sleep",
    200,
    judge=f"{__name__}:SnoreJudge",
    recorder=f"{__name__}:SnoreRecorder",
    section=f"{__name__}:SnoreSection",
    rows=f"{__name__}:ROWS",
    reader=f"{__name__}:read_dreams",
    files=("dreams.json",),
)
# What another package must not do: a figure of this name is there already.
AGAIN = Evidence("again", 300, judge="harness.evidence.recall.judge:Recall")
