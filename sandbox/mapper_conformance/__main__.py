"""`python -m sandbox.mapper_conformance`: pytest with the kit and no settings."""

from __future__ import annotations

import os
import sys

import pytest

KIT = ["--pyargs", "sandbox.mapper_conformance"]
PLUGIN = "sandbox.mapper_conformance.plugin"
OPTIONS = ["-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly"]
NO_SETTINGS = ["-c", os.devnull, "--rootdir", os.curdir]


def main(arguments: list[str]) -> int:
    """Run the kit; arguments of pytest pass through."""
    return int(pytest.main([*OPTIONS, *NO_SETTINGS, *KIT, *arguments]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
