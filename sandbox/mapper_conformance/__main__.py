"""`python -m sandbox.mapper_conformance`: pytest with the kit and no settings."""

from __future__ import annotations

import sys

from sandbox.kits import run

if __name__ == "__main__":
    raise SystemExit(run("sandbox.mapper_conformance", sys.argv[1:]))
