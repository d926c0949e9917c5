"""Write rows with drt-core's HubSpot destination: `target_hubspot.py --peer-python`.

Runs in an environment of its own (``pip install drt-core``); its address of HubSpot is
pointed to the sandbox, nothing else is changed. Prints what it did as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from drt.config.models import HubSpotDestinationConfig, SyncOptions
from drt.destinations import hubspot


def main() -> None:
    """Write the rows of a file to the sandbox at an address."""
    url, source = sys.argv[1:3]
    rows = json.loads(Path(source).read_text())
    hubspot._HUBSPOT_API = f"{url}/crm/v3/objects"  # noqa: SLF001 - it has no setting
    os.environ["PEER_TOKEN"] = "sandbox-token"  # noqa: S105 - opens only the sandbox
    config = HubSpotDestinationConfig(
        type="hubspot",
        object_type="contacts",
        id_property="email",
        auth={"type": "bearer", "token_env": "PEER_TOKEN"},
    )
    result = hubspot.HubSpotDestination().load(rows, config, SyncOptions())
    print(json.dumps({"written": result.success, "refused": result.failed}))


if __name__ == "__main__":
    main()
