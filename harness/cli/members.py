"""The table of a cluster's members, and what its orchestrator says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rich.table import Table

from harness.cluster import Member
from harness.verbs import Cluster, Conditioned

_COLUMNS: Mapping[str, Callable[[Member], object]] = {
    "member": lambda m: m.name,
    "role": lambda m: m.role,
    "version": lambda m: m.version or ("-" if m.role.is_milvus else ""),
    "health": lambda m: m.health,
    "pid": lambda m: m.pid or "",
    "port": lambda m: m.port or "",
    "memory": lambda m: f"{m.rss_bytes / 1e6:.0f} MB" if m.rss_bytes else "",
    "uptime": lambda m: f"{m.uptime_s:.0f} s",
    "node": lambda m: m.node,
    "image": lambda m: m.image.rpartition("/")[2],
}


def table(cluster: Cluster) -> Table:
    """Return a row for each member. A column in which nobody has anything is left out."""
    # 80 columns hold it without a border.
    made = Table(title=cluster.name, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    members = cluster.members()
    rows = {name: [str(of(member)) for member in members] for name, of in _COLUMNS.items()}
    shown = {name: cells for name, cells in rows.items() if any(cells)}
    for name in shown:
        made.add_column(name, no_wrap=True)
    for row in zip(*shown.values(), strict=True):
        made.add_row(*(cell or "-" for cell in row))
    return made


def conditions(cluster: Cluster) -> Iterator[str]:
    """Yield what is said of a cluster, a line each; nothing where nobody says anything."""
    if isinstance(cluster, Conditioned):
        yield from (f"{name}: {value}" for name, value in cluster.conditions().items())
