"""The one error of the sandbox itself, as opposed to those it plays."""

from __future__ import annotations


class SandboxError(ValueError):
    """A sandbox setting or fault file that cannot be used, and what would help."""
