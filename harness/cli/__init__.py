"""The command line: clusters, pages and verdicts. Scenarios are run by pytest."""

from __future__ import annotations

import sys

from harness.errors import HarnessError
from harness.extras import lacking
from harness.verdict import EXIT_BAD_INPUT, EXIT_DEFECT, EXIT_INTERRUPTED


def main() -> None:
    """Run a command; every failure is one clear line and an exit code of docs/reference.md."""
    from harness.cli.app import app  # noqa: PLC0415 - so that Ctrl-C during the slow imports is caught too

    try:
        sys.exit(app(prog_name="harness", standalone_mode=False) or 0)
    except HarnessError as error:
        _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        lacks = lacking(error, where="harness")
        _fail(str(lacks), lacks.exit_code) if lacks else _fail_on_other(error)
    except KeyboardInterrupt:
        _fail("interrupted", EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last resort, told with its own exit code
        _fail_on_other(error)


def _fail_on_other(error: Exception) -> None:
    """Tell a wrong command line, which typer reports in its own words, from a defect of ours."""
    tell = getattr(error, "format_message", None)
    if tell is not None:
        command = getattr(getattr(error, "ctx", None), "command_path", "harness")
        _fail(f"{tell().rstrip('.')} ({command}): see {command} --help", EXIT_BAD_INPUT)
    if type(error).__name__ == "Abort":
        _fail("interrupted", EXIT_INTERRUPTED)
    sys.stderr.write(f"harness: a defect of the harness itself: {type(error).__name__}: {error}\n")
    raise SystemExit(EXIT_DEFECT) from error


def _fail(text: str, code: int) -> None:
    sys.stderr.write(f"harness: {text}\n")
    sys.exit(code)
