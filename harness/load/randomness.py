"""One seed, split per purpose, so that more of one thing never changes another."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Return the PCG64 generator of a purpose ("rows", "queries", ...): the same for the same seed, for ever."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()),))))
