"""Settings are checked before the first request, each by name and next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import ConfigValidationError
from tap_account import TOKEN

from sync_core.errors import SettingError
from tap_events.settings import SCHEMA, Settings, to_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Account, Run

Json = dict[str, Any]
HUBILO = {"platform": "hubilo", "hubilo_access_token": TOKEN}


@pytest.mark.parametrize(
    ("config", "setting", "words"),
    [
        pytest.param(
            {"platform": "zoom"},
            "platform",
            "Set it to `files` or `hubilo`",
            id="unknown-platform",
        ),
        pytest.param(
            {"platform": "files"}, "files_path", "`files_path` is missing", id="no-path"
        ),
        pytest.param(
            {"platform": "files", "files_path": "/nowhere"},
            "files_path",
            "/nowhere does not exist",
            id="missing-folder",
        ),
        pytest.param(
            HUBILO | {"files_path": "/nowhere"},
            "files_path",
            "/nowhere does not exist",
            id="missing-folder-beside-hubilo",
        ),
        pytest.param(
            {"platform": "hubilo"},
            "hubilo_access_token",
            "`hubilo_access_token` is missing",
            id="no-token",
        ),
        pytest.param(
            HUBILO | {"hubilo_api_url": "http://example.com"},
            "hubilo_api_url",
            "uses http",
            id="http-in-public",
        ),
        pytest.param(
            HUBILO | {"hubilo_api_url": "https://user@example.com"},
            "hubilo_api_url",
            "must not hold a user",
            id="user-in-address",
        ),
        pytest.param(
            HUBILO | {"start_date": "soon"},
            "start_date",
            "`start_date` is not a time",
            id="start-date",
        ),
    ],
)
def test_a_wrong_setting_ends_the_run_before_anything(
    run_tap: Callable[..., Run], config: Json, setting: str, words: str
) -> None:
    """The error names the setting and says what to do; not a line is written."""
    run = run_tap(config)
    assert isinstance(run.error, SettingError)
    assert run.error.setting == setting
    assert words in str(run.error)
    assert TOKEN not in str(run.error)
    assert run.lines == []


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="no-platform"),
        pytest.param(HUBILO | {"late_activity_days": -1}, id="look-back-below-zero"),
        pytest.param(HUBILO | {"late_activity_days": "x"}, id="look-back-text"),
        pytest.param(HUBILO | {"max_rejected_rows": -1}, id="rejected-below-zero"),
        pytest.param(HUBILO | {"event_ids": "7"}, id="ids-no-list"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused(
    run_tap: Callable[..., Run], config: Json
) -> None:
    """The SDK checks types by the schema; not a line is written."""
    run = run_tap(config)
    assert isinstance(run.error, ConfigValidationError)
    assert run.lines == []


def test_the_object_and_the_schema_know_the_same_settings() -> None:
    """A setting that is documented is used, with the default that is documented."""
    given = {
        name: facts["default"]
        for name, facts in SCHEMA["properties"].items()
        if "default" in facts
    }
    settings = to_settings({"platform": "files"})
    assert set(SCHEMA["properties"]) == set(Settings.__slots__)
    assert {name: getattr(settings, name) for name in given} == given


def test_several_paths_are_separated_by_semicolons() -> None:
    """Blanks around them do not matter."""
    settings = to_settings({"platform": "files", "files_path": "a; b/*.csv ;"})
    assert settings.files_paths == ("a", "b/*.csv")


@pytest.mark.parametrize(
    ("header", "prefix", "expected"),
    [
        pytest.param("Authorization", "Bearer", f"Bearer {TOKEN}", id="default"),
        pytest.param("X-Access-Token", "", TOKEN, id="bare-token"),
    ],
)
def test_the_credential_goes_where_it_is_configured(
    account: Account,
    read_account: Callable[..., Run],
    header: str,
    prefix: str,
    expected: str,
) -> None:
    """Header and prefix are settings: the vendor's documents leave both open."""
    run = read_account(hubilo_auth_header=header, hubilo_auth_prefix=prefix)
    assert run.error is None
    assert {headers.get(header) for headers in account.headers} == {expected}
