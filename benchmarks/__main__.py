"""What docs/trust.md has bounds for, measured one after another: python -m benchmarks. Takes half an hour.

Each prints what it measured. Ends with 1, and says which, where one of them failed or did not keep its bound.
"""

from __future__ import annotations

import subprocess
import sys

BOUNDED = ("stall", "judging", "ledger", "client_cost", "known_truth")


def ended(name: str) -> int:
    """Run one; return its exit code. Ctrl-C reaches it as well: it is given the time to end its cluster."""
    with subprocess.Popen([sys.executable, "-m", f"benchmarks.{name}"]) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def main() -> int:
    """Run them."""
    broken = []
    for name in BOUNDED:
        print(f"=== python -m benchmarks.{name}", flush=True)
        if ended(name):
            broken.append(name)
    print(f"=== failed, or not within its bound: {', '.join(broken)}" if broken else "=== all within their bounds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
