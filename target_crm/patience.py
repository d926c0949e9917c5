"""How long a target waits for a CRM, and the clock that it waits by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Bounds in seconds, and tries; a CRM that is down ends the run within them."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 50.0
    tries: int = 6


@dataclass(slots=True, kw_only=True)
class Clockwork:
    """Time as arguments, so that tests need none."""

    clock: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)
