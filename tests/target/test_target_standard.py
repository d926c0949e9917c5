"""The Singer SDK's own suite for targets."""

from __future__ import annotations

import pytest
from singer_sdk.testing import get_target_test_class

from target_crm.target import TargetHubSpot

_Standard = get_target_test_class(
    TargetHubSpot,
    config={"access_token": "made-up", "api_url": "http://127.0.0.1:9"},
)


class TestTargetHubSpotStandard(_Standard):  # type: ignore[misc, valid-type]
    """Streams that are not ours are ignored, whatever they hold."""

    @pytest.fixture(autouse=True)
    def _in_a_folder_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: object
    ) -> None:
        monkeypatch.chdir(str(tmp_path))
