"""A test suite for any Singer target that writes people to HubSpot or Salesforce.

It starts the sandbox, pipes Singer messages into the target's command, and judges by
what the sandbox saw. It needs pytest: the extra `conformance` brings it::

    python -m sandbox.conformance --target-command "target-hubspot --config {config}"
"""

from __future__ import annotations
