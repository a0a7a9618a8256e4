"""The table in docs/conformance.md says what the tests say, and every module has one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scripts import conformance_table
from tests.conformance import plans

# Tests of what no module asks by itself.
OWN = {
    "test_browser_of_the_suite_needs_nothing_but_the_stable_ids",
    "test_acr_values_of_nobody_are_no_error",
    "test_request_object_that_is_none_is_refused_too",
    "test_session_state_follows_the_cookie",
    "test_frame_may_be_held_by_registered_pages_alone",
    "test_client_is_authenticated_by_the_only_method",
    "test_error_by_form_post_is_shown",
    "test_nothing_is_kept_where_the_suite_is_run",
    "test_keys_that_change_under_no_name_are_fetched_again",
}
COUNTS = {
    "oidcc-basic-certification-test-plan": 38,
    "oidcc-config-certification-test-plan": 1,
    "oidcc-formpost-basic-certification-test-plan": 38,
    "oidcc-rp-initiated-logout-certification-test-plan": 11,
    "oidcc-backchannel-rp-initiated-logout-certification-test-plan": 2,
    "oidcc-frontchannel-rp-initiated-logout-certification-test-plan": 2,
    "oidcc-session-management-certification-test-plan": 2,
    "oidcc-3rdparty-init-login-certification-test-plan": 2,
    "oidcc-test-plan": 55,
    "oidcc-client-basic-certification-test-plan": 14,
    "oidcc-client-config-certification-test-plan": 6,
    "oidcc-client-formpost-basic-certification-test-plan": 14,
    "oidcc-client-rp-initiated-logout-rp-basic": 3,
    "oidcc-client-back-channel-logout-rp-basic": 8,
    "oidcc-client-front-channel-logout-rp-basic": 1,
    "oidcc-client-test-3rd-party-init-login-test-plan": 1,
    "oidcc-client-refreshtoken-test-plan": 3,
    "oidcc-client-test-plan": 39,
    "oidcc-client-logout-test-plan": 14,
}


@pytest.fixture(autouse=True)
def _no_view_raises() -> None:
    """Start no provider for these."""


def test_table_is_current() -> None:
    assert conformance_table.TARGET.read_text(encoding="utf-8") == conformance_table.page(), (
        "run `python -m scripts.conformance_table`"
    )


def test_every_plan_is_whole() -> None:
    assert {plan: len(modules) for plan, modules in plans.plans().items()} == COUNTS


def test_every_module_has_a_test_or_a_reason() -> None:
    shown = {module for test in plans.standing() for module in test.modules}
    wanted = {module for modules in plans.plans().values() for module in modules}
    assert wanted - shown == set(plans.NOT_HERE)


def test_no_test_stands_for_a_module_that_is_not_there() -> None:
    wanted = {module for modules in plans.plans().values() for module in modules}
    for test in plans.standing():
        assert set(test.modules) <= wanted, test
        assert test.modules or test.name in OWN, f"{test.name} stands for no module"
        assert test.says, f"{test.name} does not say what it asserts"


def test_modules_of_the_form_post_plan_run_by_form_post() -> None:
    in_form_post = {module for plan in plans.FORM_POST_PLANS for module in plans.plans()[plan]}
    for test in plans.standing():
        if set(test.modules) & in_form_post:
            assert test.by_mode, f"{test.name} runs by one response mode alone"


def test_every_note_is_about_a_module() -> None:
    wanted = {module for modules in plans.plans().values() for module in modules}
    assert set(plans.NOTES) | set(plans.NOT_HERE) <= wanted
    assert not set(plans.NOTES) & set(plans.NOT_HERE)


def _commands(value: object) -> Iterator[list[str]]:
    """Yield every command to the suite's browser in its configuration."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "commands":
                yield from item
            else:
                yield from _commands(item)
    elif isinstance(value, list):
        for item in value:
            yield from _commands(item)


def test_configuration_for_the_suite_presses_what_the_pages_have() -> None:
    configuration = json.loads((conformance_table.TARGET.parent / "conformance-suite.json").read_text(encoding="utf-8"))
    ids = {command[2] for command in _commands(configuration) if command[1] == "id" and command[0] != "wait"}
    assert ids == {"id_login", "id_password", "allow", "sign_out"}
    wanted = {module for modules in plans.plans().values() for module in modules}
    assert set(configuration["override"]) <= wanted
