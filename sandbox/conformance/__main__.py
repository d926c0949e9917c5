"""`python -m sandbox.conformance`: pytest with the kit and no project's settings."""

from __future__ import annotations

import sys

from sandbox.kits import run

if __name__ == "__main__":
    raise SystemExit(run("sandbox.conformance", sys.argv[1:]))
