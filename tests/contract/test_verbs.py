"""What every platform promises, held against real members: each verb is seen to have taken effect."""

from __future__ import annotations

import pytest

from harness.cluster import Health, Member, Pulse, Role, roles_of, version_of
from harness.errors import BadInput
from tests.contract.both import Both


def member(cluster: Both, name: str) -> Member:
    return next(m for m in cluster.members() if m.name == name)


def gone(cluster: Both, name: str, before: Pulse) -> bool:
    """Whether what was there is there no more; what replaces it may be starting already."""
    now = cluster.pulse()[name]
    return now.health is Health.DEAD or now.uid != before.uid


def test_every_member_is_ready_and_tells_its_version(either: Both) -> None:
    members = either.members()
    assert {m.role for m in members} == set(roles_of("2.3.5"))
    assert {m.health for m in members} == {Health.READY}
    assert set(map(version_of, either.versions().values())) == {(2, 3, 5)}
    assert {version_of(m.version) for m in members if m.role.is_milvus} == {(2, 3, 5)}


def test_a_killed_member_is_gone_and_comes_back_as_another_one(either: Both) -> None:
    before = either.pulse()["querynode-1"]
    either.kill("querynode-1")
    assert gone(either, "querynode-1", before)
    assert either.revive() == ()
    either.start("querynode-1")
    after = either.pulse()["querynode-1"]
    assert after.health is Health.READY
    assert after.uid != before.uid


def test_a_paused_member_stands_until_it_is_resumed(either: Both) -> None:
    before = either.pulse()["datanode-1"].uid
    either.pause("datanode-1")
    assert either.pulse()["datanode-1"].health is Health.PAUSED
    either.resume("datanode-1")
    assert either.pulse()["datanode-1"] == Pulse(before, Health.READY)


def test_a_terminated_member_ends(either: Both) -> None:
    before = either.pulse()["querynode-2"]
    either.terminate("querynode-2")
    assert gone(either, "querynode-2", before)
    either.start("querynode-2")
    assert either.pulse()["querynode-2"].health is Health.READY


@pytest.mark.parametrize("role", [Role.ETCD, Role.OBJECT_STORE, Role.MESSAGE_QUEUE])
def test_a_dependency_comes_back_with_its_data(either: Both, role: Role) -> None:
    before = either.pulse()[f"{role}-1"]
    either.kill(f"{role}-1")
    assert gone(either, f"{role}-1", before)
    either.start(f"{role}-1")
    either.wait_ready(180)
    assert set(map(version_of, either.versions().values())) == {(2, 3, 5)}


def test_query_nodes_are_scaled_up_and_down(either: Both) -> None:
    told: list[tuple[str, str]] = []
    either.scale(Role.QUERY_NODE, 3, lambda name, what: told.append((name, what)))
    assert told == [("querynode-3", "ready")]
    assert member(either, "querynode-3").health is Health.READY
    either.scale(Role.QUERY_NODE, 2, lambda name, what: told.append((name, what)))
    assert [what for _, what in told] == ["ready", "leaving"]
    assert sum(m.role is Role.QUERY_NODE for m in either.members()) == 2


def test_a_setting_is_read_back_from_every_member(either: Both) -> None:
    key = "common.threadCoreCoefficient.lowPriority"
    before = {pulse.uid for pulse in either.pulse().values()}
    told: list[str] = []
    either.configure({key: "3"}, lambda _name, what: told.append(what))
    assert {"leaving", "ready"} <= set(told)
    for name in either.versions():
        assert either.setting(name, key) == "3"
        assert either.pulse()[name].uid not in before


def test_a_version_is_taken_back_and_rolled_forth_again(either: Both) -> None:
    told = [set(either.versions().values())]
    for version in ("2.3.4", "2.3.5"):
        before = {either.pulse()[name].uid for name in either.versions()}
        either.upgrade(version, lambda _name, _what: None)
        told.append(set(either.versions().values()))
        assert not before & {pulse.uid for pulse in either.pulse().values()}
    assert [len(each) for each in told] == [1, 1, 1]
    assert told[0] == told[2] != told[1]


def test_the_log_of_a_member_is_told(either: Both) -> None:
    name = next(m.name for m in either.members() if m.role is Role.QUERY_NODE)
    assert "querynode" in either.logs(name).read_text(encoding="utf-8").lower()
    assert len(either.log_files()) >= len(either.members())


def test_what_makes_no_sense_is_refused_and_changes_nothing(either: Both) -> None:
    before = either.pulse()
    with pytest.raises(BadInput, match="no member 'querynode-9'"):
        either.kill("querynode-9")
    with pytest.raises(BadInput, match="cannot be scaled"):
        either.scale(Role.COORDINATORS, 2, lambda _name, _what: None)
    assert either.pulse() == before
