"""Every command by its name. Its module is imported when it is asked for: most commands need little of the harness."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


@dataclass(frozen=True)
class Named:
    """A command: the module below harness.cli that holds a function of its name, and that function's first line."""

    module: str
    help: str


COMMANDS: Mapping[str, Named] = {
    "up": Named("clusters", "Start a real Milvus cluster and leave it running."),
    "status": Named(
        "clusters",
        "Show every member with its role, version, health and where it runs, and what its orchestrator says of it.",
    ),
    "logs": Named("clusters", "Print the end of the members' logs."),
    "down": Named("clusters", "End a cluster and remove all of it."),
    "heal": Named(
        "clusters", "Remove whatever killed runs left, and undo faults that were never healed. What is in use stays."
    ),
    "doctor": Named("clusters", "Say what is missing on this machine, and the command that mends it."),
    "plan": Named("offline", "Print the numbered steps of scenarios with their durations; nothing is started."),
    "recheck": Named(
        "offline", "Judge a run again, from its folder alone, and compare; the exit code is the verdict's."
    ),
    "report": Named("offline", "Make the page and the summary again, from the run's folder alone."),
    "calibrate": Named(
        "calibrate", "Run scenarios n times, healthy, and write the limits that this machine and this Milvus support."
    ),
    "selftest": Named("selftest", "Plant violations in a real cluster: the check that must fire has to, and no other."),
    "render": Named(
        "render", "Print the custom resource of a cluster as YAML; nothing is started and nobody is asked."
    ),
}


class _Commands(TyperGroup):
    """Shows what it knows of each command, and loads the one that is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Return a command's name and help alone."""
        del ctx
        known = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=known.help) if known else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is run, in full."""
        name, known, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if name and known else (name, known, rest)


def load(name: str) -> Any:
    """Return a command with its arguments and options.

    Raises ModuleNotFoundError where what it needs is not installed.
    """
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    made.command(name)(getattr(import_module(f"harness.cli.{COMMANDS[name].module}"), name))
    return get_command(made)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Break a real Milvus cluster on purpose, and know whether it may go to production.",
)


@app.callback()
def _prepare() -> None:
    """Make SIGTERM end a command as Ctrl-C does: healed, nothing left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
