"""The custom resource: what a cluster's spec becomes, and what of it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.cluster import ClusterSpec, Role, is_older, version_of
from harness.errors import BadInput
from harness.platforms import settings
from harness.platforms.kubernetes.access.api import MILVUS, Object
from harness.platforms.kubernetes.deploy.components import BY_ROLE, OF_ONE, SEPARATE
from harness.platforms.kubernetes.deploy.install import filled
from harness.platforms.kubernetes.milvus.pods import COMPONENT, INSTANCE
from harness.platforms.kubernetes.options import KubernetesOptions

COMPONENTS = BY_ROLE


def image(milvus: str, options: KubernetesOptions) -> str:
    """Return the image of a version; what holds a / or a : is an image already."""
    return milvus if "/" in milvus or ":" in milvus else options.milvus.image.format(version=milvus)


def milvus_resource(spec: ClusterSpec, options: KubernetesOptions, namespace: str) -> Object:
    """Return the custom resource of a cluster."""
    names = {"NAMESPACE": namespace, "CLUSTER": spec.name}
    components = filled(_components(spec, options), names)
    body: Object = {
        "apiVersion": MILVUS[0],
        "kind": MILVUS[1],
        "metadata": {"name": spec.name, "namespace": namespace},
        "spec": {"mode": "cluster", "components": components, "config": config(spec, options)},
    }
    body["spec"]["dependencies"] = filled(options.dependencies.spec or _in_cluster(spec), names)
    return body


def _in_cluster(spec: ClusterSpec) -> dict[str, Any]:
    """Return the dependencies as the operator makes them, but removed with Milvus: by default it leaves them."""
    removed = {"inCluster": {"deletionPolicy": "Delete", "pvcDeletion": True}}
    own_queue = version_of(spec.milvus) >= (2, 6)  # Milvus's own, beside the object store
    return {"etcd": removed, "storage": removed, **({} if own_queue else {"pulsar": removed})}


def _components(spec: ClusterSpec, options: KubernetesOptions) -> dict[str, Any]:
    """Return spec.components: those of the version's roles, and what the options say for all of them."""
    given = options.milvus.components
    components: dict[str, Any] = {
        "image": image(spec.milvus, options),
        # Settings reach the members by a restart, which the operator leaves out from 1.3.6 on unless told.
        "updateConfigMapOnly": False,
        "enableRollingUpdate": True,
        **{key: value for key, value in given.items() if key not in OF_ONE},
    }
    for role in spec.roles:
        count = spec.topology.counts.get(role, options.milvus.replicas.get(role, 1))
        components |= {key: {**given.get(key, {}), "replicas": count} for key in _keys(role, spec, given)}
    return components


def _keys(role: Role, spec: ClusterSpec, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a role's components; where one coordinator is named apart all are. Errors: BadInput."""
    if role is not Role.COORDINATORS or not any(key in given for key in SEPARATE):
        return (COMPONENTS[role],) if role in COMPONENTS else ()
    if version_of(spec.milvus) >= (2, 6):
        what = "from 2.6 on there are no coordinators of their own"
        raise BadInput(what, where="milvus.components", mend=f"leave out {', '.join(SEPARATE)}")
    return SEPARATE


def config(spec: ClusterSpec, options: KubernetesOptions) -> settings.Tree:
    """Return spec.config: the options' own, the profile, and over both what was set."""
    profile = settings.profile_settings(spec.profile)
    return settings.nested(options.milvus.config, profile, settings.typed(spec.settings))


def scaled(role: Role, count: int) -> Object:
    """Return the change that gives a role another number of members."""
    return {"spec": {"components": {COMPONENTS[role]: {"replicas": count}}}}


def upgraded(to: str, running: str) -> Object:
    """Return the change to another image, member by member; back to an older version in the opposite order."""
    mode = "rollingDowngrade" if is_older(to, running) else "rollingUpgrade"
    return {"spec": {"components": {"image": to, "imageUpdateMode": mode}}}


def configured(changed: Mapping[str, str]) -> Object:
    """Return the change of settings."""
    tree = settings.nested(settings.typed(changed))
    return {"spec": {"components": {"updateConfigMapOnly": False}, "config": tree}}


def node_port(name: str, namespace: str, port: int) -> Object:
    """Return a Service of our own that leads from a port of every node to the proxies."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{name}-harness", "namespace": namespace, "labels": {INSTANCE: name}},
        "spec": {
            "type": "NodePort",
            "selector": {INSTANCE: name, COMPONENT: "proxy"},
            "ports": [{"name": "milvus", "port": 19530, "targetPort": 19530, "nodePort": port}],
        },
    }
