"""A look-alike of Hubilo's public API v1.2, as far as its documentation goes.

Sources: the vendor's published Postman collection "Virtual Pro Public APIs v1.2" and
its derived OpenAPI (api-evangelist/hubilo on GitHub), read 2026-11. Where the two
leave a choice, the stricter reading is served.
"""

from __future__ import annotations

from sandbox.hubilo.endpoints import routes

__all__ = ["routes"]
