"""What a user can set of a Kubernetes platform: a YAML file, checked key by key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from harness.cluster import Role
from harness.errors import BadInput
from harness.platforms.kubernetes.deploy.components import check_components, check_replicas

_EXAMPLES = Path(__file__).with_name("examples")


def _without_nodes(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return kind's own configuration as it is. Errors: ValueError for what other keys say."""
    for key in ("nodes", "kind", "apiVersion"):
        if key in config:
            raise ValueError(f"{key} is not set here: set workers, node_image and port_mappings")
    return config


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PortMapping(_Options):
    """A port of the control plane's node that leads in from this machine, beside Milvus's own."""

    container_port: int = Field(ge=1, le=65535)
    host_port: int = Field(ge=1, le=65535)
    listen_address: str = "127.0.0.1"


class KindOptions(_Options):
    """The kind cluster. Empty texts leave a choice to kind itself."""

    existing: str = ""
    """The name of a kind cluster that is there already; it is used and left alone."""
    node_image: str = ""
    """The node image, e.g. kindest/node:v1.33.1."""
    workers: int = Field(default=0, ge=0, le=20)
    """Worker nodes beside the control plane; without any the control plane runs everything."""
    load_images: tuple[str, ...] = ()
    """Images of this machine's Docker that are copied to every node."""
    node_port: int = Field(default=30530, ge=30000, le=32767)
    """The port of every node that leads to Milvus."""
    host_port: int = Field(default=0, ge=0, le=65535)
    """The port of 127.0.0.1 that leads to `node_port`; 0 takes a free one."""
    port_mappings: tuple[PortMapping, ...] = ()
    """More ports: `container_port`, `host_port`, `listen_address` (127.0.0.1)."""
    config: Annotated[Mapping[str, Any], AfterValidator(_without_nodes)] = Field(default_factory=dict)
    """More of kind's own cluster configuration (kind.x-k8s.io/v1alpha4), but for its nodes."""
    wait_s: int = Field(default=180, ge=1)
    """How long the nodes may take to be ready."""


class OperatorOptions(_Options):
    """The Milvus operator. The defaults are its published chart."""

    install: Literal["helm", "manifest", "present"] = "helm"
    """How it is brought in where its definition is missing: its chart, `manifests`, or not at all."""
    namespace: str = "milvus-operator"
    """Where it runs, or is to."""
    chart: str = "milvus-operator"
    """A chart's name in `repository`, or the path of a chart."""
    repository: str = "https://zilliztech.github.io/milvus-operator/"
    """Where the chart is found; empty for a path."""
    version: str = "1.3.8"
    """The chart's version; empty for a path."""
    values: Mapping[str, Any] = Field(default_factory=dict)
    """Values of the chart."""
    manifests: tuple[str, ...] = ()
    """Paths of manifests, applied in order where `install` is manifest."""
    wait_s: int = Field(default=300, ge=1)
    """How long the operator may take to be ready."""


class DependencyOptions(_Options):
    """etcd, the object store and the message queue. By default the operator makes them beside Milvus."""

    manifests: tuple[str, ...] = ()
    """Paths of manifests that are applied first, with ${NAMESPACE}, ${CLUSTER} and ${UNIQUE} filled in."""
    spec: Mapping[str, Any] = Field(default_factory=dict)
    """The resource's spec.dependencies; ${NAMESPACE} and ${CLUSTER} in its texts are filled in."""
    selectors: Mapping[Role, str] = Field(default_factory=dict)
    """The label selector of each dependency's pods; those without one can't be hit. ${CLUSTER} is filled in."""


class MilvusOptions(_Options):
    """The custom resource itself."""

    existing: str = ""
    """The name of a Milvus that is there, its resource's or its chart's release: it is used, and left as it was."""

    image: str = "milvusdb/milvus:v{version}"
    """The image of a version; a Milvus that holds a / or a : is an image itself."""
    replicas: Annotated[Mapping[Role, PositiveInt], AfterValidator(check_replicas)] = Field(default_factory=dict)
    """How many members a role has where a scenario's topology does not name it; else one."""
    components: Annotated[Mapping[str, Any], AfterValidator(check_components)] = Field(default_factory=dict)
    """Laid over spec.components; ${NAMESPACE} and ${CLUSTER} in its texts are filled in."""
    config: Mapping[str, Any] = Field(default_factory=dict)
    """Settings by their dotted names, below the profile's."""
    ready_s: int = Field(default=600, ge=1)
    """How long it may take until a search works, and any change until it has been rolled out."""


class KubernetesOptions(_Options):
    """Everything. `context` and `namespace` name what is used; nothing is used that was not named."""

    kubeconfig: str = ""
    """A kubeconfig; empty for the usual places."""
    context: str = ""
    """The kubeconfig's context; none is taken because it happens to be the current one."""
    namespace: str = ""
    """A namespace that is there already; empty to make one named after the cluster."""
    way_in: Literal["node-port", "port-forward", "address"] = "node-port"
    """How clients reach Milvus: by a node port only on kind, which maps it; elsewhere that means a port-forward."""
    address: str = Field(default="", pattern=r"^(\S+:\d+)?$")
    """host:port of a way in of your own, for `way_in: address`."""
    token_file: str = ""
    """Holds the token that Milvus asks of clients, `user:password` or an API key (or set HARNESS_TOKEN)."""
    tls: bool = False
    """Whether the way in speaks TLS."""
    kind: KindOptions = KindOptions()
    operator: OperatorOptions = OperatorOptions()
    dependencies: DependencyOptions = DependencyOptions()
    milvus: MilvusOptions = MilvusOptions()


def examples() -> tuple[str, ...]:
    """Return the names of the files of options that are shipped."""
    return tuple(sorted(path.stem for path in _EXAMPLES.glob("*.yaml")))


def read_options(named: Path | None) -> KubernetesOptions:
    """Read a file of options, or an example by its name; without one, the defaults. Errors: BadInput with the key."""
    if named is None:
        return KubernetesOptions()
    file = _found(named)
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        options = KubernetesOptions.model_validate(found)
    except OSError as error:
        raise BadInput(f"can't be read: {error.strerror}", where=str(file), mend="name a file of options") from None
    except yaml.YAMLError as error:
        raise BadInput(f"is no YAML: {str(error).splitlines()[0]}", where=str(file), mend="mend it") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{key}: {said}", where=str(file), mend="see docs/reference.md") from None
    return _from_here(options, file.parent)


def _found(named: Path) -> Path:
    """Return the file, or the example that a bare name stands for. Errors: BadInput."""
    if named.suffix or named.name != str(named) or named.is_file():
        return named
    if named.name not in examples():
        mend = f"name a file, or one of {', '.join(examples())}"
        raise BadInput("there is no such file or example", where=str(named), mend=mend)
    return _EXAMPLES / f"{named}.yaml"


def _from_here(options: KubernetesOptions, folder: Path) -> KubernetesOptions:
    """Return the options with every path beside their file made absolute."""

    def absolute(path: str) -> str:
        return str((folder / path).resolve())

    operator, dependencies = options.operator, options.dependencies
    chart = operator.chart if operator.repository else absolute(operator.chart)
    return options.model_copy(
        update={
            "token_file": absolute(options.token_file) if options.token_file else "",
            "operator": operator.model_copy(
                update={"chart": chart, "manifests": tuple(map(absolute, operator.manifests))}
            ),
            "dependencies": dependencies.model_copy(update={"manifests": tuple(map(absolute, dependencies.manifests))}),
        }
    )
