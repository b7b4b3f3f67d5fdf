"""When a finding showed."""

from __future__ import annotations

import numpy as np

from harness.history import Operations
from harness.verdict import Finding


def shown_ns(finding: Finding, operations: Operations) -> int | None:
    """Return when a finding showed; what is wrong with a row, when the first of them was last written.

    None where neither it nor an operation tells.
    """
    if finding.t_ns is not None:
        return finding.t_ns
    shown = operations.where(np.isin(operations.op_id, finding.op_ids))
    if finding.keys:
        key = finding.keys[0]
        shown = shown.where((shown.key <= key) & (key < shown.key + shown.key_count))
    moments = shown.intended_ns
    return int(moments.max() if finding.keys else moments.min()) if len(moments) else None
