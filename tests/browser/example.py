"""The run that the browser's tests look at: one passed, one failed, one stopped early, one skipped."""

from __future__ import annotations

from functools import cache

from harness.report.view import RunView
from harness.store.run_record import Skipped
from tests import sample_run


@cache
def example() -> RunView:
    """A FAIL whose names are as long as they come."""
    upgrade = sample_run.record("rolling-upgrade", "Rolling upgrade 2.3.0 to 2.3.5 under searches and inserts")
    stopped = sample_run.record("setting-changed", "Change of a setting", aborted="interrupted", complete=False)
    return sample_run.run(
        sample_run.view(),
        sample_run.view(sample_run.history(errors_s=22, wrong_s=6, slow=1.6, seed=9), upgrade, recover_s=15),
        sample_run.view(sample_run.without_traffic(sample_run.history()), stopped),
        skipped=(Skipped("disk-full", "Full disk", "the local platform cannot fill a disk"),),
    )
