"""The faults that a scenario can name. Each is a value; what carries it out is in harness.faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.cluster import DEPENDENCIES, Durations, Role
from harness.errors import BadInput

# How long a killed member stays dead: what a supervisor needs to notice and start it again.
SUPERVISOR_S = 1.0


@dataclass(frozen=True)
class Kill:
    """SIGKILL `count` members of a role at once; they are started again after `heal_after_s`."""

    role: Role
    count: int = 1
    heal_after_s: float = SUPERVISOR_S

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"kill {self.role}" if self.count == 1 else f"kill {self.count} of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.heal_after_s + (about.queue_restart_s if self.role is Role.MESSAGE_QUEUE else about.restart_s)


@dataclass(frozen=True)
class Pause:
    """SIGSTOP one member of a role for a time. One that ends itself when it wakes is started again."""

    role: Role
    for_s: float = 5.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"pause {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s + 1


@dataclass(frozen=True)
class Scale:
    """Change how many members a role has."""

    role: Role
    to: int

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"scale {self.role} to {self.to}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.scale_s


@dataclass(frozen=True)
class Upgrade:
    """Roll every Milvus member to another version, in Milvus's own order."""

    to: str

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"upgrade to {self.to}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.roll_s


@dataclass(frozen=True)
class Configure:
    """Change settings and roll them out, member by member."""

    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return "set " + ", ".join(f"{key}={value}" for key, value in self.settings.items())

    def expected_s(self, about: Durations) -> float:
        """About how long it takes."""
        return about.roll_s


@dataclass(frozen=True)
class Terminate:
    """Ask one member of a role to end (SIGTERM), and start it again once it has."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"terminate {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.stop_s + about.restart_s


@dataclass(frozen=True)
class KillContainer:
    """SIGKILL the program in the container of one member of a role; its pod stays, and starts it again."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"kill the container of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.restart_s


@dataclass(frozen=True)
class Drain:
    """Cordon the node that holds a member of a role, have the Milvus members on it leave, and give it back."""

    role: Role

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"drain the node of {self.role}"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return about.stop_s + about.restart_s


@dataclass(frozen=True)
class StopNode:
    """Stop the node that holds a member of a role, with all that runs on it, for a time."""

    role: Role
    for_s: float = 20.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"stop the node of {self.role} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + 3 * about.restart_s


@dataclass(frozen=True)
class Isolate:
    """Let no packet pass between the members of two roles for a time."""

    role: Role
    other: Role
    for_s: float = 10.0

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"isolate {self.role} from {self.other} for {self.for_s:g} s"

    def expected_s(self, about: Durations) -> float:
        """About how long it takes from its beginning until it is healed."""
        return self.for_s + about.restart_s


@dataclass(frozen=True)
class Nothing:
    """Nothing is done: the control beside which a fault can be seen, and a false alarm."""

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return "do nothing"

    def expected_s(self, about: Durations) -> float:
        """It takes no time."""
        del about
        return 0.0


_ROLES = ", ".join(f"Role.{role.name}" for role in Role)
Lasting = Pause | StopNode | Isolate
Fault = Kill | Pause | Scale | Upgrade | Configure | Terminate | KillContainer | Drain | StopNode | Isolate | Nothing


def check(fault: Fault) -> None:
    """Refuse a fault that makes no sense, before anything starts. Errors: BadInput."""
    for role in (getattr(fault, name) for name in ("role", "other") if hasattr(fault, name)):
        if not isinstance(role, Role):
            raise BadInput(f"there is no role {role!r}", where=fault.label, mend=f"take one of {_ROLES}")
    if isinstance(fault, Kill) and (fault.count < 1 or fault.heal_after_s < 0):
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="count is 1 or more, heal_after_s 0 or more")
    if isinstance(fault, Lasting) and fault.for_s <= 0:
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="for_s is more than 0")
    if isinstance(fault, Scale) and (fault.to < 1 or fault.role in DEPENDENCIES):
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="scale a Milvus role to 1 or more")
    if isinstance(fault, Isolate) and (fault.role in DEPENDENCIES or fault.role is fault.other):
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="isolate a Milvus role from another role")
