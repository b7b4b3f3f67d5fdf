"""A cluster's folder: what is known of it and of its members, written so that a kill leaves it readable."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs
from pydantic import TypeAdapter, ValidationError

from harness.cluster import ClusterSpec, Health, Pulse, Role
from harness.errors import BadInput
from harness.platforms.process import Process


@dataclass(frozen=True)
class MemberState:
    """A member as its file says: `process` is the last one started, `wanted` whether it should be alive."""

    name: str
    role: Role
    number: int
    milvus: str
    conf: str
    ports: Mapping[str, int]
    process: Process | None = None
    wanted: bool = True

    @property
    def lives(self) -> bool:
        """Whether its process is there; one that is paused lives too."""
        return self.process is not None and self.process.alive

    @property
    def pulse(self) -> Pulse:
        """Who it is and whether it lives. READY says here only that it runs: cheap, and asks nobody."""
        uid = f"{self.process.pid}-{self.process.started}" if self.process else ""
        if not self.lives:
            return Pulse(uid, Health.DEAD)
        return Pulse(uid, Health.PAUSED if self.process and self.process.paused else Health.READY)


@dataclass(frozen=True)
class ClusterState:
    """A cluster as its file says. `owner` is the process it ends with; None: it was left up on purpose.

    `place` is what its platform needs to find it again.
    """

    spec: ClusterSpec
    owner: Process | None
    generation: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    platform: str = "local"
    place: Mapping[str, str] = field(default_factory=dict)


_MEMBER = TypeAdapter(MemberState)
_CLUSTER = TypeAdapter(ClusterState)


def clusters_home() -> Path:
    """Return the folder that holds a folder for each cluster: $HARNESS_HOME, or the user's state folder."""
    home = os.environ.get("HARNESS_HOME")
    # Absolute, because processes are told apart by it from wherever a command is typed.
    return (Path(home).absolute() if home else platformdirs.user_state_path("milvus-harness")) / "clusters"


class Folder:
    """One cluster's files: cluster.json, members/, conf/, data/, logs/, journal.jsonl."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.path.name

    def create(self) -> None:
        """Make the folders; nobody but the user can read them."""
        for part in ("members", "conf", "data", "logs"):
            (self.path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def log(self, member: str) -> Path:
        """Return the file of a member's log."""
        return self.path / "logs" / f"{member}.log"

    def note(self, member: str, what: str) -> None:
        """Write into a member's log what was done to it that nobody asked for."""
        with self.log(member).open("a", encoding="utf-8") as log:
            log.write(f"harness: {member} {what}\n")

    def data(self, member: str) -> Path:
        """Return the folder of a member's data, which is its working directory too."""
        return self.path / "data" / member

    def read(self) -> ClusterState:
        """Return the cluster's state. Errors: BadInput where there is none that can be read."""
        try:
            return _CLUSTER.validate_json((self.path / "cluster.json").read_bytes())
        except FileNotFoundError:
            raise BadInput(
                f"there is no cluster {self.name!r}", where=str(self.path), mend="see harness status"
            ) from None
        except (OSError, ValidationError) as error:
            raise self._unreadable(self.path / "cluster.json", error) from None

    def write(self, state: ClusterState) -> None:
        """Replace the cluster's state in one step."""
        _replace(self.path / "cluster.json", _CLUSTER.dump_json(state, indent=1))

    def update(self, **changes: object) -> ClusterState:
        """Change some of the cluster's state, and return it."""
        state = replace(self.read(), **changes)  # type: ignore[arg-type]  # callers name fields of ClusterState
        self.write(state)
        return state

    def members(self) -> Iterator[MemberState]:
        """Yield the members, by role in the order of Role, then by number. Errors: BadInput for one unreadable."""
        states = []
        for file in (self.path / "members").glob("*.json"):
            with suppress(FileNotFoundError):  # a member that leaves may go between the listing and the reading
                states.append(self._read_member(file))
        order = list(Role)
        yield from sorted(states, key=lambda state: (order.index(state.role), state.number))

    def member(self, name: str) -> MemberState:
        """Return one member. Errors: BadInput naming those there are."""
        file = self.path / "members" / f"{name}.json"
        if not file.exists():
            there = ", ".join(state.name for state in self.members())
            raise BadInput(f"there is no member {name!r}", where=f"cluster {self.name}", mend=f"take one of {there}")
        return self._read_member(file)

    def write_member(self, state: MemberState) -> MemberState:
        """Replace a member's state in one step."""
        _replace(self.path / "members" / f"{state.name}.json", _MEMBER.dump_json(state, indent=1))
        return state

    def remove_member(self, name: str) -> None:
        """Forget a member; its log stays."""
        (self.path / "members" / f"{name}.json").unlink(missing_ok=True)

    def taken_ports(self) -> frozenset[int]:
        """Return every port that belongs to a member, whether it is alive or not."""
        return frozenset(port for state in self.members() for port in state.ports.values())

    def _read_member(self, file: Path) -> MemberState:
        try:
            return _MEMBER.validate_json(file.read_bytes())
        except ValidationError as error:
            raise self._unreadable(file, error) from None

    def _unreadable(self, file: Path, error: OSError | ValidationError) -> BadInput:
        why = error.strerror if isinstance(error, OSError) else f"{error.error_count()} errors"
        return BadInput(
            f"the state of cluster {self.name!r} can't be read ({why})",
            where=str(file),
            mend=f"remove it with: harness down {self.name}",
        )


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)
