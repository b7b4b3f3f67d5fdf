"""What was acknowledged, so what must be there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Ledger:
    """Keys by what must be true of them after recovery; each array ascends and none overlaps another."""

    present: NDArray[np.int64]
    absent: NDArray[np.int64]
    either: NDArray[np.int64]
