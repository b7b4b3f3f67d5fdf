"""Everything that has a bound, measured one after another: python -m benchmarks. Takes half an hour.

Each prints what it measured. Ends with 1, and says which, where one of them did not keep its bound.
"""

from __future__ import annotations

import subprocess
import sys

BOUNDED = ("stall", "judging", "ledger", "client_cost", "known_truth")


def main() -> int:
    """Run them."""
    broken = []
    for name in BOUNDED:
        print(f"=== python -m benchmarks.{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            broken.append(name)
    print(f"=== not within its bound: {', '.join(broken)}" if broken else "=== all within their bounds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
