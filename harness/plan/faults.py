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


_ROLES = ", ".join(f"Role.{role.name}" for role in Role)
Fault = Kill | Pause | Scale | Upgrade | Configure


def check(fault: Fault) -> None:
    """Refuse a fault that makes no sense, before anything starts. Errors: BadInput."""
    if isinstance(fault, Kill | Pause | Scale) and not isinstance(fault.role, Role):
        raise BadInput(f"there is no role {fault.role!r}", where=fault.label, mend=f"take one of {_ROLES}")
    if isinstance(fault, Kill) and (fault.count < 1 or fault.heal_after_s < 0):
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="count is 1 or more, heal_after_s 0 or more")
    if isinstance(fault, Pause) and fault.for_s <= 0:
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="for_s is more than 0")
    if isinstance(fault, Scale) and (fault.to < 1 or fault.role in DEPENDENCIES):
        raise BadInput(f"{fault} can't be done", where=fault.label, mend="scale a Milvus role to 1 or more")
