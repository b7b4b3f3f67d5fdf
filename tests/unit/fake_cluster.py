"""A cluster of names only: it does what it is told, or what a test makes it do instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.cluster import Endpoint, Health, Member, Pulse, Role
from harness.verbs import OnMember, nobody

ROLES = (Role.ETCD, Role.PROXY, Role.COORDINATORS, Role.QUERY_NODE, Role.QUERY_NODE)


def member(name: str, role: Role, health: Health = Health.READY, uid: str = "1") -> Member:
    return Member(name, role, health, uid, "2.3.5", 1, 1, 0, 0.0)


class Watched:
    """A cluster that can only be looked at: neither Breakable nor Changeable."""

    name = "fake"
    shared = False

    def __init__(self, folder: Path, roles: tuple[Role, ...] = ROLES) -> None:
        self.folder = folder
        self.calls: list[str] = []
        numbered = [(role, roles[: i + 1].count(role)) for i, role in enumerate(roles)]
        self.there = {f"{role}-{n}": member(f"{role}-{n}", role) for role, n in numbered}

    def members(self) -> tuple[Member, ...]:
        return tuple(self.there.values())

    def pulse(self) -> dict[str, Pulse]:
        return {name: Pulse(one.uid, one.health) for name, one in self.there.items()}

    def versions(self) -> dict[str, str]:
        return {name: one.version for name, one in self.there.items() if one.role.is_milvus}

    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", 1)

    def wait_ready(self, timeout_s: float) -> None:
        self.calls.append(f"wait {timeout_s}")

    def logs(self, member: str) -> Path:
        return self.folder / f"{member}.log"

    def log_files(self) -> dict[str, Path]:
        return {}

    def revive(self) -> tuple[str, ...]:
        return ()

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def destroy(self) -> None:
        self.there.clear()

    def set(self, name: str, **changes: object) -> None:
        self.there[name] = replace(self.there[name], **changes)  # type: ignore[arg-type]  # fields of Member


class Obedient(Watched):
    """Breakable and Changeable."""

    def kill(self, member: str) -> None:
        self.calls.append(f"kill {member}")
        self.set(member, health=Health.DEAD)

    def terminate(self, member: str) -> None:
        self.calls.append(f"terminate {member}")
        self.set(member, health=Health.DEAD)

    def pause(self, member: str) -> None:
        self.calls.append(f"pause {member}")
        self.set(member, health=Health.PAUSED)

    def resume(self, member: str) -> None:
        self.calls.append(f"resume {member}")
        self.set(member, health=Health.READY)

    def start(self, member: str) -> None:
        self.calls.append(f"start {member}")
        if self.there[member].health is Health.DEAD:
            self.renew(member)

    def renew(self, name: str) -> None:
        self.set(name, health=Health.READY, uid=str(int(self.there[name].uid) + 1))

    def scale(self, role: Role, count: int, on_member: OnMember = nobody) -> None:
        self.calls.append(f"scale {role} {count}")
        there = [name for name, one in self.there.items() if one.role is role]
        for number in range(len(there) + 1, count + 1):
            self.there[f"{role}-{number}"] = member(f"{role}-{number}", role)
            on_member(f"{role}-{number}", "ready")
        for name in reversed(there[count:]):
            on_member(name, "leaving")
            del self.there[name]

    def upgrade(self, milvus: str, on_member: OnMember) -> None:
        self.calls.append(f"upgrade {milvus}")
        self._roll(on_member)

    def configure(self, settings: Mapping[str, str], on_member: OnMember) -> None:
        self.calls.append(f"configure {dict(settings)}")
        self._roll(on_member)

    def setting(self, member: str, key: str) -> str | None:
        self.calls.append(f"setting {member} {key}")
        return None

    def _roll(self, on_member: OnMember) -> None:
        for name in [name for name, one in self.there.items() if one.role.is_milvus]:
            on_member(name, "leaving")
            self.renew(name)
            on_member(name, "ready")


class OnHardware(Obedient):
    """With containers, nodes, power and a network of its own: a node for each role."""

    def __init__(self, folder: Path, roles: tuple[Role, ...] = ROLES) -> None:
        super().__init__(folder, roles)
        for name, one in self.there.items():
            self.set(name, node=f"{one.role}-node")

    def kill_container(self, member: str) -> None:
        self.calls.append(f"kill container {member}")
        self.set(member, health=Health.DEAD)

    def cordon(self, node: str) -> None:
        self.calls.append(f"cordon {node}")

    def uncordon(self, node: str) -> None:
        self.calls.append(f"uncordon {node}")

    def drain(self, node: str, on_member: OnMember) -> None:
        self.calls.append(f"drain {node}")
        for name in self._on(node):
            on_member(name, "leaving")
            self.renew(name)

    def nodes(self) -> tuple[str, ...]:
        return tuple(sorted({one.node for one in self.there.values()}))

    def stop_node(self, node: str) -> None:
        self.calls.append(f"stop {node}")
        for name in self._on(node):
            self.set(name, health=Health.DEAD)

    def start_node(self, node: str) -> None:
        self.calls.append(f"start {node}")
        for name in self._on(node):
            self.renew(name)

    def isolate(self, one: Role, other: Role) -> None:
        self.calls.append(f"isolate {one} {other}")

    def join(self, one: Role, other: Role) -> None:
        self.calls.append(f"join {one} {other}")

    def _on(self, node: str) -> list[str]:
        return [name for name, one in self.there.items() if one.node == node]


class NoTraffic:
    """What is seen of a cluster that nobody asks anything."""

    def __init__(self, cluster: Watched) -> None:
        self.cluster = cluster

    def members(self) -> tuple[Member, ...]:
        return self.cluster.members()

    def rows(self) -> int:
        return 0

    def rate(self, window_s: float) -> float:
        del window_s
        return 0.0

    def error_share(self, window_s: float) -> float:
        del window_s
        return 0.0
