"""A test suite for any Singer mapper that holds records back until they are complete.

It draws groups of records, mixes, repeats and cuts them, sends them to the mapper's
command (or to its class, in this process), and judges by the lines that come back. It
needs pytest: the extra `conformance` brings it::

    python -m sandbox.mapper_conformance --mapper-command "my-mapper --config {config}"
"""

from __future__ import annotations
