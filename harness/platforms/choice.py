"""Which platform a user wants; a module of its own, since every pytest session reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PlatformChoice:
    """What a user chose: the platform's name, its file of options, and what was named beside it."""

    name: str = "local"
    file: Path | None = None
    context: str = ""
    namespace: str = ""
    token_file: str = ""
    tls: bool = False
