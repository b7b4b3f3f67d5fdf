"""Every command, each a few lines over the layers below."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.cli import offline
from harness.cli.render import render
from harness.cluster import ClusterSpec, Role, Topology
from harness.errors import BadInput
from harness.faults import journal
from harness.platforms import home, registry
from harness.platforms.local.doctor import diagnose
from harness.platforms.registry import PlatformChoice
from harness.run.options import parse_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Break a real Milvus cluster on purpose, and know whether it may go to production.",
)
offline.add_to(app)
app.command()(render)
_console = Console()

Name = Annotated[str, typer.Argument(help="the cluster's name")]
_DEFAULT_NAME = "dev"


@app.callback()
def _prepare() -> None:
    """Make SIGTERM end a command as Ctrl-C does: healed, nothing left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@app.command()
def up(
    name: Name = _DEFAULT_NAME,
    *,
    milvus: Annotated[str, typer.Option(help="a version, or the folder of an unpacked server")] = "2.3.5",
    profile: Annotated[str, typer.Option(help="settings profile: fast or default")] = "fast",
    set_: Annotated[list[str] | None, typer.Option("--set", help="a setting as key=value, may be repeated")] = None,
    query_nodes: Annotated[int, typer.Option(min=1, help="how many query nodes")] = 2,
    platform: Annotated[str, typer.Option(help="local, kind or kubernetes")] = "local",
    platform_file: Annotated[Path | None, typer.Option(help="options of kind and kubernetes")] = None,
    context: Annotated[str, typer.Option(help="kubernetes: the kubeconfig's context to use")] = "",
    namespace: Annotated[str, typer.Option(help="kubernetes: a namespace that is there already")] = "",
) -> None:
    """Start a real Milvus cluster and leave it running."""
    spec = ClusterSpec(name, milvus, profile, parse_settings(set_ or []), Topology({Role.QUERY_NODE: query_nodes}))
    made = registry.make_platform(PlatformChoice(platform, platform_file, context, namespace))
    try:
        cluster = made.create(spec, keep=True)
    finally:
        made.close()
    _console.print(f"{name} is up at {cluster.endpoint().address}", highlight=False, soft_wrap=True)
    if platform == "local":
        _console.print("Milvus listens on every address of this machine; see docs/reference.md", style="dim")


@app.command()
def status(name: Annotated[str | None, typer.Argument(help="only this cluster")] = None) -> None:
    """Show every member: role, version, pid, port, health, memory, uptime."""
    names = [name] if name else home.names()
    if not names:
        _console.print("no cluster; start one with: harness up")
    for each in names:
        _console.print(_members_table(each))


@app.command()
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


@app.command()
def down(name: Name = _DEFAULT_NAME) -> None:
    """End a cluster and remove all of it."""
    if name not in home.names():
        raise BadInput(f"there is no cluster {name!r}", where="harness down", mend="see harness status")
    registry.open_anyway(name).destroy()
    _console.print(f"{name} is gone")


@app.command()
def heal() -> None:
    """Remove whatever killed runs left, and undo faults that were never healed. What is in use stays."""
    done = registry.heal()
    for name in filter(home.is_kept, home.names()):
        if taken_back := journal.heal(registry.open_cluster(name)):
            done.append(f"{taken_back} unhealed faults of {name}")
    _console.print("healed: " + ", ".join(done) if done else "nothing to heal", highlight=False, soft_wrap=True)


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and the command that mends it."""
    ailments = diagnose()
    for ailment in ailments:
        mark = "[green]ok[/]" if ailment.ok else "[red]missing[/]"
        _console.print(mark, ailment.what, "" if ailment.ok else f"-> {ailment.mend}", highlight=False, soft_wrap=True)
    if not all(ailment.ok or ailment.optional for ailment in ailments):
        raise typer.Exit(4)


def _members_table(name: str) -> Table:
    cluster = registry.open_cluster(name)
    # 80 columns hold it without a border.
    table = Table(title=name, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("member", "role", "version", "pid or node", "port", "health", "memory", "uptime"):
        table.add_column(column, no_wrap=True)
    for m in cluster.members():
        row = (m.name, m.role, m.version or "-", str(m.pid or m.node or "-"), str(m.port or "-"), m.health)
        table.add_row(*row, f"{m.rss_bytes / 1e6:.0f} MB", f"{m.uptime_s:.0f} s")
    return table
