"""What Locust makes of response times: python -m benchmarks.locust_percentile FILE PERCENT.

FILE is a .npy of milliseconds. It is a process of its own, since importing Locust patches the whole of it.
"""

from __future__ import annotations

import sys

import numpy as np
from locust.stats import RequestStats


def main(path: str, percent: float) -> None:
    """Log every response time as a user would, and print the percentile that Locust reports."""
    stats = RequestStats()
    for took_ms in np.load(path).tolist():
        stats.log_request("grpc", "search", took_ms, 0)
    print(stats.total.get_response_time_percentile(percent / 100))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
