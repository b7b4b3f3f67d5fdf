"""A real Milvus cluster as processes of this machine. There is no daemon: its folder is its whole state."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import monotonic

import grpc

from harness.cluster import Endpoint, Health, Member, Pulse, Role, roll_order
from harness.errors import BadInput, ClusterError
from harness.platforms import admin, settings
from harness.platforms.local import commands, readiness
from harness.platforms.local.parts import Dependencies, Server, dependencies, milvus_server
from harness.platforms.local.ports import free_ports
from harness.platforms.local.server import holds
from harness.platforms.local.small_machine import laid_over
from harness.platforms.process import end_all, end_tagged, spawn
from harness.platforms.started import Started
from harness.platforms.state import Folder, MemberState
from harness.platforms.trash import remove_folder
from harness.platforms.waiting import until
from harness.verbs import OnMember, nobody

_READY_S = 120.0  # on a busy machine a coordinator may first wait until the session of the last one lapses: 30 s
# Longer than Milvus's own graceful stop (small_machine.yaml), after which it ends by itself.
_STOP_S = 45.0
# In a roll the next member waits so long after one is ready, as behind an orchestrator's minReadySeconds: a query
# node is ready before it has loaded anything, and coordinators before every node has found them again.
_MIN_READY_S = {Role.COORDINATORS: 3.0, Role.QUERY_NODE: 5.0}
_DATA_ROLES = (Role.QUERY_NODE, Role.DATA_NODE, Role.INDEX_NODE, Role.PROXY)


class LocalCluster(Started):
    """The verbs of harness.cluster for a folder of processes: Cluster, Breakable and Changeable."""

    shared = False

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        # A watcher revives members while a fault ends and starts them.
        self._lock = threading.Lock()

    @cached_property
    def _dependencies(self) -> Dependencies:
        """Fetched once something is to be started: a cluster can be ended without them."""
        return dependencies()

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.folder.name

    def members(self) -> tuple[Member, ...]:
        """Return all members with their health by their own report."""
        states = list(self.folder.members())
        with ThreadPoolExecutor(max_workers=8) as pool:
            return tuple(pool.map(self._look_at, states))

    def pulse(self) -> dict[str, Pulse]:
        """Return, cheaply, who lives: for a watcher that looks many times a second."""
        return {state.name: state.pulse for state in self.folder.members()}

    def versions(self) -> dict[str, str]:
        """Return the version that each living Milvus member reports itself, by the member's name."""
        return {s.name: self._version(s) for s in self.folder.members() if s.role.is_milvus and s.lives}

    def endpoint(self) -> Endpoint:
        """Return the first proxy's address."""
        proxy = next(state for state in self.folder.members() if state.role is Role.PROXY)
        return Endpoint("127.0.0.1", proxy.ports["main"])

    def logs(self, member: str) -> Path:
        """Return the member's log."""
        return self.folder.log(self.folder.member(member).name)

    def log_files(self) -> dict[str, Path]:
        """Return every log by the name of its member, members that have left included."""
        return {file.stem: file for file in sorted((self.folder.path / "logs").glob("*.log"))}

    @property
    def journal(self) -> Path:
        """The file that holds the undo of what is being done to the cluster."""
        return self.folder.path / "journal.jsonl"

    def revive(self) -> tuple[str, ...]:
        """Start every member that ended though nobody told it to, without waiting until it is ready."""
        with self._lock:
            ended = [s for s in self.folder.members() if s.wanted and s.process and not s.lives]
            for state in ended:
                self._launch(state)
        return tuple(state.name for state in ended)

    def wait_ready(self, timeout_s: float = _READY_S) -> None:
        """Wait until every member that should live is ready. Errors: ClusterError with the reason from its log."""
        wanted = [state for state in self.folder.members() if state.wanted]
        readiness.wait(wanted, self.folder.log, timeout_s)

    def kill(self, member: str) -> None:
        """SIGKILL a member; it stays dead until it is started."""
        state = self._unwant(member)
        if state.process and (stuck := end_all([state.process])):
            raise self._failed(state, f"{member} (pid {stuck[0].pid}) survived SIGKILL")

    def terminate(self, member: str) -> None:
        """SIGTERM a member and wait until it has ended. Its grace ends as a pod's does: then it is killed."""
        state = self._unwant(member)
        if state.process:
            state.process.signal(signal.SIGTERM)
            if not state.process.wait_gone(_STOP_S):  # Milvus 2.3.5's coordinators at times ignore it for good
                self.folder.note(member, f"did not end {_STOP_S:.0f} s after SIGTERM and is killed")
                self.kill(member)

    def pause(self, member: str) -> None:
        """SIGSTOP a member and see that it stands. Errors: ClusterError where it isn't alive."""
        state = self.folder.member(member)
        if state.process:
            state.process.signal(signal.SIGSTOP)
        if not (state.process and until(lambda: state.process is not None and state.process.paused, 5)):
            raise self._failed(state, f"{member} could not be paused")

    def resume(self, member: str) -> None:
        """SIGCONT a member. Whether it then ends itself, as one that lost its session does, is for `start` to mend."""
        state = self.folder.member(member)
        if state.process:
            state.process.signal(signal.SIGCONT)

    def start(self, member: str) -> None:
        """Start a member that is dead, and wait until it is ready."""
        with self._lock:
            state = self.folder.member(member)
            if not state.lives:
                state = self._launch(state)
        readiness.wait([state], self.folder.log, _READY_S)

    def scale(self, role: Role, count: int, on_member: OnMember = nobody) -> None:
        """Have `count` members of a role: new ones are started and waited for, the last ones leave gracefully."""
        if role not in _DATA_ROLES or count < 1:
            mend = f"take 1 or more of {', '.join(_DATA_ROLES)}"
            raise BadInput(f"{role} cannot be scaled to {count}", where="scale", mend=mend)
        there = [state for state in self.folder.members() if state.role is role]
        added = [self._add(role, number) for number in range(len(there) + 1, count + 1)]
        for state in added:
            self.start(state.name)
            on_member(state.name, "ready")
        for state in reversed(there[count:]):
            on_member(state.name, "leaving")
            self.terminate(state.name)
            commands.remove(commands.leftovers(self.folder, state))
            self.folder.remove_member(state.name)

    def upgrade(self, milvus: str, on_member: OnMember) -> None:
        """Roll every Milvus member to another server in Milvus's own order; the settings laid over stay the same."""
        self._roll(milvus, on_member)

    def configure(self, changed: Mapping[str, str], on_member: OnMember) -> None:
        """Change settings, roll every Milvus member, and read the settings back from each that can tell them."""
        state = self.folder.read()
        settings.check_keys(changed, milvus_server(state.spec.milvus).template)
        self.folder.update(settings={**state.settings, **changed})
        self._roll(state.spec.milvus, on_member)
        for member in self.folder.members():
            self._verify_settings(member, changed)

    def setting(self, member: str, key: str) -> str | None:
        """Return a setting in force as the member reports it; None where it can't tell."""
        state = self.folder.member(member)
        return admin.setting(state.role, state.ports, key) if state.role.is_milvus else None

    def destroy(self) -> None:
        """End every process that carries this cluster's tag, and remove its folder and what lies elsewhere."""
        processes, stuck = end_tagged(str(self.folder.path))
        if stuck:
            raise ClusterError(
                f"{len(stuck)} processes could not be ended",
                where=f"pids {', '.join(str(process.pid) for process in stuck)}",
                mend="end them by hand, then run harness heal",
            )
        with suppress(BadInput):  # a state that can't be read must not keep it from being removed
            for state in self.folder.members():
                commands.remove(commands.leftovers(self.folder, state))
        # One that was started a moment before the harness was killed is in no member's file.
        for process in processes:
            commands.remove(commands.pid_files(process))
        remove_folder(self.folder.path)

    def create(self) -> None:
        """Give every member of the cluster's spec its ports and files, start all at once and wait for them."""
        spec = self.folder.read().spec
        server = milvus_server(spec.milvus)
        for role in spec.roles:
            for number in range(spec.topology.count(role)):
                self._add(role, number + 1)
        commands.prepare(self.folder)
        conf = self.write_conf(server)
        _, begin_s = self._dependencies, monotonic()  # what is fetched takes no part in it
        for state in list(self.folder.members()):
            self._launch(replace(state, conf=str(conf)))
        self.wait_ready()
        self.started_s = monotonic() - begin_s

    def _unwant(self, member: str) -> MemberState:
        with self._lock:
            return self.folder.write_member(replace(self.folder.member(member), wanted=False))

    def _add(self, role: Role, number: int) -> MemberState:
        names = commands.PORTS[role]
        numbers = free_ports(len(names), near=str(self.folder.path), taken=self.folder.taken_ports())
        cluster = self.folder.read()
        like = next((s for s in self.folder.members() if s.role.is_milvus and s.conf), None)
        return self.folder.write_member(
            MemberState(
                name=f"{role.value}-{number}",
                role=role,
                number=number,
                milvus=cluster.spec.milvus,
                conf=like.conf if like else "",
                ports=dict(zip(names, numbers, strict=True)),
            )
        )

    def write_conf(self, server: Server) -> Path:
        """Write a server's configuration as the cluster is now, and return its folder."""
        cluster = self.folder.read()
        generation = cluster.generation + 1
        self.folder.update(generation=generation)
        changed = laid_over(cluster.spec.profile) | settings.typed(cluster.settings)
        first = {state.role: state for state in reversed(list(self.folder.members()))}
        return commands.write_conf(self.folder, server, generation, first, changed)

    def _launch(self, state: MemberState) -> MemberState:
        commands.remove(commands.leftovers(self.folder, state))
        launch = commands.launch(self.folder, state, milvus_server(state.milvus), self._dependencies)
        process = spawn(
            launch.command,
            folder=self.folder.data(state.name),
            log=self.folder.log(state.name),
            environment=launch.environment,
            tag=self.folder.path,
        )
        return self.folder.write_member(replace(state, process=process, wanted=True))

    def _roll(self, milvus: str, on_member: OnMember) -> None:
        server = milvus_server(milvus)
        conf = self.write_conf(server)
        for role in roll_order(self.folder.read().spec.milvus, milvus):
            for state in [s for s in self.folder.members() if s.role is role]:
                on_member(state.name, "leaving")
                self.terminate(state.name)
                self.folder.write_member(replace(state, milvus=milvus, conf=str(conf)))
                self.start(state.name)
                self._verify_version(self.folder.member(state.name), server)
                readiness.stay(self.folder.member(state.name), self.folder.log(state.name), _MIN_READY_S.get(role, 0))
                on_member(state.name, "ready")
        self.folder.update(spec=replace(self.folder.read().spec, milvus=milvus))

    def _verify_version(self, state: MemberState, server: Server) -> None:
        """The version that a member reports must be the one built into the server it should run."""
        told = self._version(state)
        if not told or not holds(server.binary, told):
            raise self._failed(state, f"{state.name} reports version {told or 'none'}, which is not {server.version}")

    def _verify_settings(self, state: MemberState, changed: Mapping[str, str]) -> None:
        for key, value in settings.typed(changed).items():
            told = self.setting(state.name, key)
            if told is not None and told != settings.printed(value):
                raise self._failed(state, f"{state.name} reports {key}={told}, not {value}")

    def _version(self, state: MemberState) -> str:
        with suppress(grpc.RpcError):
            return admin.version(state.role, state.ports)
        return ""

    def _look_at(self, state: MemberState) -> Member:
        health = state.pulse.health
        if health is Health.READY and not readiness.is_ready(state):
            health = Health.STARTING
        process = state.process
        return Member(
            name=state.name,
            role=state.role,
            health=health,
            uid=state.pulse.uid,
            version=self._version(state) if state.role.is_milvus and health is Health.READY else "",
            pid=process.pid if process and process.alive else None,
            port=state.ports["main"],
            rss_bytes=process.rss_bytes if process else 0,
            uptime_s=process.uptime_s if process else 0.0,
        )

    def _failed(self, state: MemberState, what: str) -> ClusterError:
        return ClusterError(what, where=str(self.folder.log(state.name)), mend=f"harness logs {state.role}")
