"""The one reason, out of what Kubernetes knows: causes before their consequences."""

from __future__ import annotations

from typing import Any

import pytest

from harness.platforms.kubernetes.milvus.diagnosis import Seen, diagnose
from tests.unit.kube_objects import Object, pod, resource

OPERATOR = [pod("operator-0", "manager")]


def seen(*pods: Object, **changes: Any) -> Seen:
    given: dict[str, Any] = {"pods": pods, "operator": OPERATOR, "resource": None, "logs": {}}
    return Seen(**{**given, **changes})


def unscheduled(message: str) -> Object:
    found = pod("a", ready=False, conditions=[{"type": "PodScheduled", "status": "False", "message": message}])
    found["status"]["containerStatuses"] = []
    return found


def waiting(reason: str) -> Object:
    return pod("a", ready=False, state={"waiting": {"reason": reason}})


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ([waiting("ImagePullBackOff")], "image milvus:v1 can't be pulled"),
        ([waiting("ErrImageNeverPull")], "image milvus:v1 can't be pulled"),
        ([unscheduled("0/1 nodes are available: 1 Insufficient cpu.")], "no node has enough cpu for pod a"),
        ([unscheduled("1 Insufficient cpu, 1 Insufficient memory.")], "no node has enough cpu and memory for pod a"),
        ([unscheduled("pod has unbound immediate PersistentVolumeClaims.")], "a volume of pod a is pending"),
        ([unscheduled("0/1 nodes are available: 1 node(s) had untolerated taint")], "pod a finds no node: 0/1"),
        ([pod("a", ready=False)], "pod a is not ready"),
        ([pod("a")], "nothing is wrong that Kubernetes knows of"),
    ],
)
def test_pods_tell_what_is_wrong(pods: list[Object], told: str) -> None:
    assert diagnose(seen(*pods)).what.startswith(told)


def test_a_container_that_ends_again_and_again_is_told_with_its_last_lines() -> None:
    crashing = pod("a", ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}, restarts=3)
    reason = diagnose(seen(crashing, logs={"a": "starting\nno luck\n"}))
    assert reason.what == "its container ends again and again: starting | no luck"
    assert reason.where == "pod a"
    stack = "starting\nfatal error: out of luck\n" + "goroutine 1\n" * 20
    assert diagnose(seen(crashing, logs={"a": stack})).what.endswith("again and again: fatal error: out of luck")
    named = diagnose(seen(crashing, logs={"a": "dial tcp: lookup meta-store: no such host"}))
    assert named.what == "a name can't be resolved: lookup meta-store: no such host"


def test_what_prepares_a_pod_is_looked_at_too() -> None:
    preparing = pod("a", ready=False)
    image = {"name": "config", "image": "tool:v1", "state": {"waiting": {"reason": "ErrImagePull"}}}
    preparing["status"]["initContainerStatuses"] = [image]
    assert diagnose(seen(preparing)).what == "image tool:v1 can't be pulled"
    done = {"name": "config", "restartCount": 1, "state": {"terminated": {"exitCode": 0}}}
    preparing["status"]["initContainerStatuses"] = [done]
    assert diagnose(seen(preparing)).what == "pod a is not ready"


def test_a_container_that_lacks_memory_says_so() -> None:
    killed = pod("a", ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}, restarts=2)
    killed["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"reason": "OOMKilled"}}
    assert diagnose(seen(killed)).what == "container querynode was ended for want of memory"


def test_what_kept_a_pod_from_being_made_or_mounted_is_the_reason() -> None:
    quota = {"reason": "FailedCreate", "message": "exceeded quota: small", "involvedObject": {"name": "dev-milvus-x"}}
    assert diagnose(seen(warnings=[quota])).what == "exceeded quota: small"
    mount = {"reason": "FailedMount", "message": "no such secret\nmore", "involvedObject": {"kind": "Pod", "name": "a"}}
    assert diagnose(seen(pod("a", ready=False), warnings=[mount])).what == "no such secret"
    assert diagnose(seen(pod("a"), warnings=[mount])).what == "nothing is wrong that Kubernetes knows of"


def test_a_member_that_looks_for_a_name_in_vain_says_so_while_it_runs() -> None:
    log = r'[ERROR] ["retry"] [error="dial tcp: lookup meta-store on 10.96.0.10:53: no such host\\""]'
    named = diagnose(seen(pod(ready=False), logs={"a": log}))
    assert named.what == "a name can't be resolved: lookup meta-store on 10.96.0.10:53: no such host"


def test_a_dependency_comes_before_the_pods_that_wait_for_it() -> None:
    etcd = resource(EtcdReady="False", StorageReady="True")
    etcd["status"]["conditions"][0]["reason"] = "EtcdNotReady"
    assert diagnose(seen(pod(ready=False), resource=etcd)).what == "etcd is not ready: EtcdNotReady"


def test_an_operator_that_does_not_run_explains_what_nothing_else_does() -> None:
    assert diagnose(seen(waiting("ErrImagePull"), operator=[])).what == "image milvus:v1 can't be pulled"
    assert diagnose(seen(pod(ready=False), operator=None)).what.endswith("is not ready")
    assert diagnose(seen(pod(ready=False), operator=[])).what == "the Milvus operator is not running"
    broken = [waiting("ImagePullBackOff")]
    assert diagnose(seen(operator=broken)).what == "the operator's pod image milvus:v1 can't be pulled"
    assert diagnose(seen(has_definition=False)).what == "the definition of Milvus is missing"
