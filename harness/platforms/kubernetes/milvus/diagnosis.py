"""Why something does not come up: the one reason that explains the others, out of what Kubernetes knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube, Object
from harness.platforms.kubernetes.deploy import install
from harness.platforms.kubernetes.options import KubernetesOptions
from harness.platforms.reasons import telling

_LAST_LINES = 3
# A stack lies between what went wrong and the end.
_READ_LINES = 100
_UNRESOLVED = re.compile(r'(lookup [^\s"]+[^"\n]*?: )?(no such host|Name or service not known|.*name resolution)')
_NAMELESS = "a name can't be resolved"
_MEND_NAME = "check the address of what it looks for"
# Events that are reasons; a mount may fail at first, while what it needs is still being made.
_TELLING = ("FailedMount", "FailedAttachVolume", "FailedCreate")


@dataclass(frozen=True)
class Reason:
    """What is wrong, where, and how to mend it."""

    what: str
    where: str
    mend: str


@dataclass(frozen=True)
class Seen:
    """What is looked at. `logs` are the last lines of the pods that are not well, by their name.

    Of a container that ends again and again they are those of its last life. `operator` is None where it plays no
    part, or may not be looked at; `warnings` are the events that say why something could not be made or mounted.
    """

    pods: Sequence[Object]
    operator: Sequence[Object] | None
    resource: Object | None
    logs: dict[str, str]
    has_definition: bool = True
    warnings: Sequence[Object] = ()


def diagnose(seen: Seen) -> Reason:
    """Return the first reason that is found; causes come before their consequences."""
    return next(_reasons(seen))


def look(
    kube: Kube, namespace: str, options: KubernetesOptions, milvus: str, *, mine: Callable[[Object], bool], driven: bool
) -> Seen:
    """Look at the pods of a namespace that are `mine`, and at the operator where Milvus is `driven` by it.

    Errors: ClusterError.
    """
    pods = [pod for pod in kube.items("Pod", namespace) if mine(pod)]
    logs = {pod["metadata"]["name"]: _log(kube, namespace, pod) for pod in pods if not _is_ready(pod)}
    warnings = [one for one in kube.items("Event", namespace) if one.get("reason") in _TELLING]
    if not driven:
        return Seen(pods, None, None, logs, warnings=warnings)
    known = install.has_definition(kube)
    resource = kube.milvus(milvus, namespace) if known else None
    return Seen(pods, _operator(kube, options), resource, logs, known, warnings)


def _log(kube: Kube, namespace: str, pod: Object) -> str:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log"
    unwell = sorted(_statuses(pod), key=lambda one: (not _ends_again(one), bool(one.get("ready"))))
    asked = {"container": unwell[0]["name"]} if unwell else {}
    previous = {"previous": "true"} if any(map(_ends_again, unwell)) else {}
    with suppress(ClusterError):  # a first container that is still waiting has none
        return kube.text(path, {**asked, **previous, "tailLines": str(_READ_LINES)})
    return ""


def _operator(kube: Kube, options: KubernetesOptions) -> list[Object] | None:
    """Return the operator's pods, None where the account may not look at them."""
    with suppress(ClusterError):
        return kube.items("Pod", options.operator.namespace)
    return None


def _reasons(seen: Seen) -> Iterator[Reason]:
    if not seen.has_definition:
        yield Reason("the definition of Milvus is missing", "milvuses.milvus.io", "install the operator")
    yield from _of_pods(seen.operator or (), seen, "the operator's pod ")
    yield from _of_pods(seen.pods, seen, "")
    yield from _of_warnings(seen)
    yield from _unresolved(seen)
    yield from _of_conditions(seen.resource)
    if seen.operator is not None and not any(_is_ready(pod) for pod in seen.operator):
        yield Reason("the Milvus operator is not running", "operator.namespace", "see the pods there")
    yield from (
        Reason(f"pod {pod['metadata']['name']} was asked to end and does not", "its program", "see its log")
        for pod in seen.pods
        if "deletionTimestamp" in pod["metadata"]
    )
    yield from (
        Reason(f"pod {pod['metadata']['name']} is not ready", pod["spec"].get("nodeName", ""), "see its log")
        for pod in seen.pods
        if not _is_ready(pod)
    )
    yield Reason("nothing is wrong that Kubernetes knows of", "harness status", "see the members' logs")


def _of_pods(pods: Sequence[Object], seen: Seen, prefix: str) -> Iterator[Reason]:
    for pod in pods:
        name = pod["metadata"]["name"]
        for status in _statuses(pod):
            waiting = status.get("state", {}).get("waiting", {})
            if waiting.get("reason") in ("ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"):
                what = f"image {status['image']} can't be pulled"
                yield Reason(f"{prefix}{what}", f"pod {name}", "check its name, or load it with kind.load_images")
            if waiting.get("reason") == "CreateContainerConfigError":
                yield Reason(f"{prefix}{waiting.get('message', '')}", f"pod {name}", "mend the secret or the map")
            if _ends_again(status) and _ended_by(status) == "OOMKilled":
                what = f"container {status['name']} was ended for want of memory"
                yield Reason(f"{prefix}{what}", f"pod {name}", "give it more: milvus.components, resources")
        yield from _unscheduled(pod, prefix)
        if any(map(_ends_again, _statuses(pod))):
            what, said = _of_log([line.strip() for line in seen.logs.get(name, "").splitlines() if line.strip()])
            yield Reason(f"{prefix}{what}: {said[:300]}", f"pod {name}", "mend what it says")


def _of_warnings(seen: Seen) -> Iterator[Reason]:
    """Yield what kept members from being made, or their volumes from being mounted."""
    unready = {pod["metadata"]["name"] for pod in seen.pods if not _is_ready(pod)}
    for warning in seen.warnings:
        about, said = warning.get("involvedObject", {}), str(warning.get("message", "")).strip().splitlines()
        concerns = about.get("name") in unready or (warning["reason"] == "FailedCreate" and "quota" in str(said))
        if said and concerns:
            yield Reason(said[0][:300], f"{about.get('kind', '').lower()} {about.get('name')}", "mend what it says")


def _unresolved(seen: Seen) -> Iterator[Reason]:
    """Yield the names that members which have not come up look for in vain: they go on trying."""
    for name, log in seen.logs.items():
        if found := _UNRESOLVED.search(log):
            yield Reason(f"{_NAMELESS}: {found.group()}", f"pod {name}", _MEND_NAME)


def _of_log(lines: Sequence[str]) -> tuple[str, str]:
    """Return what went wrong in a container that ended, and the line or the last lines that say so."""
    if unresolved := _UNRESOLVED.search("\n".join(lines)):
        return _NAMELESS, unresolved.group()
    found = telling(lines)
    said = found[0] if found else " | ".join(lines[-_LAST_LINES:])
    return "its container ends again and again", said or "it wrote no log"


def _unscheduled(pod: Object, prefix: str) -> Iterator[Reason]:
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["type"] != "PodScheduled" or condition["status"] != "False":
            continue
        said, name = condition.get("message", ""), pod["metadata"]["name"]
        short = re.findall(r"Insufficient (\w+)", said)
        if short:
            what = f"no node has enough {' and '.join(dict.fromkeys(short))} for pod {name}"
            yield Reason(prefix + what, "resources", "ask for less, or add nodes")
        elif "PersistentVolumeClaim" in said or "persistentvolumeclaim" in said:
            yield Reason(f"{prefix}a volume of pod {name} is pending", "storage class", "see kubectl get pvc")
        else:
            yield Reason(f"{prefix}pod {name} finds no node: {said}", "nodes", "mend what it says")


def _of_conditions(resource: Object | None) -> Iterator[Reason]:
    conditions = (resource or {}).get("status", {}).get("conditions", [])
    for kind, what in (("EtcdReady", "etcd"), ("StorageReady", "the object store"), ("MsgStreamReady", "the queue")):
        for one in conditions:
            if one["type"] == kind and one["status"] != "True":
                said = one.get("message") or one.get("reason", "")
                yield Reason(f"{what} is not ready: {said}", "dependencies", "see its pods, and its address")


def _statuses(pod: Object) -> list[Object]:
    """Return what is said of a pod's containers, of those that prepare it first."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _ends_again(status: Object) -> bool:
    """Whether a container ended, was started again, and does not run either."""
    done = status.get("state", {}).get("terminated", {}).get("exitCode") == 0
    return status.get("restartCount", 0) > 0 and "running" not in status.get("state", {}) and not done


def _ended_by(status: Object) -> str:
    ends = (status.get(key, {}).get("terminated", {}).get("reason", "") for key in ("state", "lastState"))
    return next(filter(None, ends), "")


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
