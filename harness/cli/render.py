"""The command that prints what would be given to Kubernetes, and asks nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from harness.cluster import ClusterSpec, Role, Topology
from harness.run.options import parse_settings

QueryNodes = Annotated[int | None, typer.Option(min=1, help="how many query nodes; else the options' or 2")]
PlatformFile = Annotated[
    Path | None, typer.Option(help="options of kind and kubernetes: a file, or an example's name as basic")
]
PlatformOption = Annotated[
    list[str] | None, typer.Option(help="an option of the platform as key=value, may be repeated")
]


def render(
    name: Annotated[str, typer.Argument(help="the cluster's name")] = "dev",
    *,
    milvus: Annotated[str, typer.Option(help="a version or an image")] = "2.3.5",
    profile: Annotated[str, typer.Option(help="settings profile: fast or default")] = "fast",
    set_: Annotated[list[str] | None, typer.Option("--set", help="a setting as key=value, may be repeated")] = None,
    query_nodes: QueryNodes = None,
    platform_file: PlatformFile = None,
    namespace: Annotated[str, typer.Option(help="the namespace; the cluster's name if not given")] = "",
) -> None:
    """Print the custom resource of a cluster as YAML; nothing is started and nobody is asked."""
    # Half a second of imports that no other command needs.
    from harness.platforms.kubernetes.deploy.resource import milvus_resource  # noqa: PLC0415
    from harness.platforms.kubernetes.options import read_options  # noqa: PLC0415

    spec = ClusterSpec(name, milvus, profile, parse_settings(set_ or []), topology(query_nodes, platform_file))
    resource = milvus_resource(spec, read_options(platform_file), namespace or name)
    typer.echo(yaml.safe_dump(resource, sort_keys=False), nl=False)


def topology(query_nodes: int | None, platform_file: Path | None) -> Topology:
    """Return how many members were asked for: the option goes before the file, and the file before the default."""
    if query_nodes:
        return Topology({Role.QUERY_NODE: query_nodes})
    if platform_file is None:
        return Topology()
    from harness.platforms.kubernetes.options import read_options  # noqa: PLC0415 - as above

    return Topology({**Topology().counts, **read_options(platform_file).milvus.replicas})
