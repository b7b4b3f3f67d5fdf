"""The commands that make a cluster, look at it, and clear up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness import journal
from harness.cli import members
from harness.cli.render import PlatformFile, PlatformOption, QueryNodes, topology
from harness.cluster import ClusterSpec, Role
from harness.errors import BadInput, ClusterError, HarnessError
from harness.platforms import home, registry
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import entries
from harness.run.options import parse_settings

_console = Console()

Name = Annotated[str, typer.Argument(help="the cluster's name")]
_DEFAULT_NAME = "dev"


def up(
    name: Name = _DEFAULT_NAME,
    *,
    milvus: Annotated[str, typer.Option(help="a version, or the folder of an unpacked server")] = "2.3.5",
    profile: Annotated[str, typer.Option(help="settings profile: fast or default")] = "fast",
    set_: Annotated[list[str] | None, typer.Option("--set", help="a setting as key=value, may be repeated")] = None,
    query_nodes: QueryNodes = None,
    platform: Annotated[str, typer.Option(help="local, kind or kubernetes")] = "local",
    platform_file: PlatformFile = None,
    context: Annotated[str, typer.Option(help="kubernetes: the kubeconfig's context to use")] = "",
    namespace: Annotated[str, typer.Option(help="kubernetes: a namespace that is there already")] = "",
    platform_option: PlatformOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be done")] = False,
) -> None:
    """Start a real Milvus cluster and leave it running."""
    named = {"platform_file": platform_file, "context": context, "namespace": namespace}
    choice = PlatformChoice.of(platform, platform_option or (), **named)
    made, file = registry.make_platform(choice), choice.given.get("platform-file")
    members = topology(query_nodes, Path(file) if file else None)
    spec = ClusterSpec(name, milvus, profile, parse_settings(set_ or []), members)
    if dry_run:
        made.check(spec)
        for number, step in enumerate(made.intent(spec), 1):
            _console.print(f"{number}. {step}", highlight=False, soft_wrap=True, markup=False)
        return
    try:
        cluster = made.create(spec, keep=True)
    finally:
        made.close()
    endpoint = cluster.endpoint()
    where = f"reach it with: {endpoint.reach}" if endpoint.reach else f"at {endpoint.address}"
    _console.print(f"{name} is up {where}", highlight=False, soft_wrap=True)
    if made.notice:
        _console.print(made.notice, style="dim")


def status(name: Annotated[str | None, typer.Argument(help="only this cluster")] = None) -> None:
    """Show every member with its role, version, health and where it runs, and what its orchestrator says of it."""
    names = [name] if name else home.names()
    if not names:
        _console.print("no cluster; start one with: harness up")
    for each in names:
        cluster = registry.open_cluster(each)
        _console.print(members.table(cluster))
        for line in members.conditions(cluster):
            _console.print(line, highlight=False, soft_wrap=True, style="dim")


def logs(
    role: Annotated[str, typer.Argument(help="a role (querynode) or a member (querynode-1)")],
    name: Annotated[str, typer.Option("--cluster", help="the cluster's name")] = _DEFAULT_NAME,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="how many of its last lines")] = 50,
) -> None:
    """Print the end of the members' logs."""
    cluster = registry.open_cluster(name)
    chosen = [m.name for m in cluster.members() if role in (m.name, m.role.value)]
    if not chosen:
        raise BadInput(f"there is no role or member {role!r}", where=name, mend=f"take one of {', '.join(Role)}")
    for member in chosen:
        path = cluster.logs(member)
        typer.echo(f"== {member}  {path}")
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        typer.echo("\n".join(text.splitlines()[-lines:]))


def down(name: Name = _DEFAULT_NAME) -> None:
    """End a cluster and remove all of it."""
    if name not in home.names():
        raise BadInput(f"there is no cluster {name!r}", where="harness down", mend="see harness status")
    registry.open_anyway(name).destroy()
    _console.print(f"{name} is gone")


def _take_back(name: str, done: registry.HealReport) -> None:
    """Undo the faults of a cluster that stays; where that fails, those of the others are undone all the same."""
    try:
        if not home.is_kept(name):
            return
        healed = journal.heal(registry.open_cluster(name))
        if healed.taken_back:
            done.removed.append(f"{len(healed.taken_back)} unhealed faults of {name}")
        for undo in healed.unknown:
            done.left.append(f"{name} has no verb that does: {' '.join((undo.verb, *undo.arguments))}")
    except HarnessError as error:
        done.left.append(f"the faults of {name} were not taken back: {error}")


def heal() -> None:
    """Remove whatever killed runs left, and undo faults that were never healed. What is in use stays."""
    done = registry.heal()
    for name in (name for name in home.names() if name not in done.not_ours):
        _take_back(name, done)
    if done.removed or not done.left:
        told = "healed: " + ", ".join(done.removed) if done.removed else "nothing to heal"
        _console.print(told, highlight=False, soft_wrap=True)
    for folder in done.not_ours.values():
        _console.print(f"left alone, since nothing says whose it is: {folder}", highlight=False, soft_wrap=True)
    if done.left:
        raise ClusterError("; ".join(done.left), where="harness heal", mend="mend that, and heal again")


def doctor() -> None:
    """Say what is missing on this machine, and the command that mends it."""
    ailments = [ailment for platform in entries() for ailment in platform.doctor()]
    for ailment in ailments:
        mark = "[green]ok[/]" if ailment.ok else "[red]missing[/]"
        _console.print(mark, ailment.what, "" if ailment.ok else f"-> {ailment.mend}", highlight=False, soft_wrap=True)
    if not all(ailment.ok or ailment.optional for ailment in ailments):
        raise typer.Exit(4)
