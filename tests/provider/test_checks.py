"""A configuration that lacks something is told what, with the line to add."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import ERROR
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from provider_site import checks
from provider_site.conf import provider_settings
from provider_site.dot_settings import dot_settings


def ids(messages: Any) -> list[str]:
    return [message.id for message in messages]


def without(settings: Any, key: str) -> dict[str, Any]:
    return {name: value for name, value in settings.PROVIDER_SITE.items() if name != key}


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any) -> None:
    """Take back what the reference project allows in development alone."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": False}


def test_reference_project_has_nothing_to_report() -> None:
    assert not checks.check_settings(None)
    assert not checks.check_wiring(None)
    assert not checks.check_storage(None)


@pytest.mark.parametrize(("key", "check_id"), [("ISSUER", "provider_site.E001"), ("KEY_RING", "provider_site.E002")])
def test_missing_setting_is_named_with_the_line_to_add(settings: Any, key: str, check_id: str) -> None:
    settings.PROVIDER_SITE = without(settings, key)
    (message,) = checks.check_settings(None)
    assert message.id == check_id
    assert f'PROVIDER_SITE = {{"{key}"' in (message.hint or "")


def test_manage_py_check_fails_on_a_missing_issuer(settings: Any) -> None:
    settings.PROVIDER_SITE = without(settings, "ISSUER")
    with pytest.raises(SystemCheckError, match=r"provider_site\.E001"):
        call_command("check")


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        None,
        "id.example.com",
        "ftp://id.example.com",
        "https://id.example.com/",
        "https://id.example.com?x=1",
        "https://",
    ],
)
def test_issuer_that_is_none_is_refused(settings: Any, issuer: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": issuer}
    with pytest.raises(ImproperlyConfigured, match="ISSUER"):
        _ = provider_settings.issuer


@pytest.mark.parametrize("ring", [[], "a string is not a list of secrets, however long it is", ["short"], [None], None])
def test_key_ring_that_is_none_is_refused(settings: Any, ring: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": ring}
    with pytest.raises(ImproperlyConfigured, match=r"KEY_RING|key ring"):
        _ = provider_settings.key_ring


@pytest.mark.parametrize("key", ["OAUTH2_VALIDATOR_CLASS", "OAUTH2_SERVER_CLASS", "SCOPES_BACKEND_CLASS"])
@pytest.mark.parametrize("value", [None, "oauth2_provider.scopes.SettingsScopes", "nowhere.at.all"])
def test_dot_wired_elsewhere_is_reported(settings: Any, key: str, value: str | None) -> None:
    settings.OAUTH2_PROVIDER = dot_settings() | {key: value}
    (message,) = checks.check_wiring(None)
    assert message.id == "provider_site.E004"
    assert "OAUTH2_PROVIDER = dot_settings()" in (message.hint or "")


def test_addresses_that_are_not_included_are_reported(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.provider.urls_without_provider"
    (message,) = checks.check_urls(None)
    assert message.id == "provider_site.W001"
    assert 'include("provider_site.urls")' in (message.hint or "")


def test_avatars_in_the_working_directory_are_reported(settings: Any) -> None:
    settings.MEDIA_ROOT = ""
    assert ids(checks.check_storage(None)) == ["provider_site.W002"]


def test_issuer_in_clear_fails_the_deployment_check(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": "http://id.example.com"}
    assert "provider_site.E010" in ids(checks.check_deployment(None))
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": "https://id.example.com"}
    assert "provider_site.E010" not in ids(checks.check_deployment(None))


def test_gate_opened_again_is_reported_at_deployment(settings: Any) -> None:
    assert not checks.check_deployment(None)
    settings.OAUTH2_PROVIDER = dot_settings(COMPLIANT_BCP_RFC9700_TOKEN_STORAGE=False)
    assert ids(checks.check_deployment(None)) == ["provider_site.W011"]


def test_moments_without_a_time_zone_are_refused(settings: Any) -> None:
    settings.USE_TZ = False
    (message,) = checks.check_settings(None)
    assert (message.id, message.hint) == ("provider_site.E006", "In your settings: USE_TZ = True")


def test_setting_nobody_knows_is_reported(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUR": "https://id.example.com"}
    (message,) = checks.check_settings(None)
    assert message.id == "provider_site.W004"
    assert "'ISSUR'" in message.msg


@pytest.mark.parametrize("changes", [{"CONSENT_DAYS": []}, {"CONSENT_DAYS": [0]}, {"DEFAULT_CONSENT_DAYS": 7}])
def test_durations_the_consent_page_could_not_offer_are_refused(settings: Any, changes: dict[str, Any]) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | changes
    assert ids(checks.check_settings(None)) == ["provider_site.E005"]


def test_durations_without_30_days_begin_with_the_first(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CONSENT_DAYS": [7, None]}
    assert provider_settings.default_consent_days == 7
    assert not checks.check_settings(None)


def test_issuer_whose_path_is_not_the_mount_is_reported(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": "https://example.com/id"}
    (message,) = checks.check_urls(None)
    assert message.id == "provider_site.W003"
    assert "/id/.well-known/openid-configuration" in message.msg


def test_storages_without_a_default_are_left_to_django(settings: Any) -> None:
    settings.STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    assert not checks.check_storage(None)


@pytest.mark.parametrize(
    ("setting", "check_id"),
    [
        ({"WHO_MAY_REGISTER": "anybody"}, "provider_site.E007"),
        ({"WHO_MAY_REGISTER": ["staff"]}, "provider_site.E007"),
        ({"RECENT_SIGN_IN_SECONDS": 0}, "provider_site.E008"),
        ({"RECENT_SIGN_IN_SECONDS": "soon"}, "provider_site.E008"),
        ({"MAX_APPLICATIONS": 0}, "provider_site.E008"),
        ({"SECRET_MAX_DAYS": 0}, "provider_site.E008"),
        ({"SECRET_MAX_DAYS": "90"}, "provider_site.E008"),
        ({"SECRET_WARNING_DAYS": True}, "provider_site.E008"),
        ({"REVIEW_ADDRESSES": ["Reviewers <review@example.com>"]}, "provider_site.E008"),
        ({"EMAIL_VERIFIED": "nowhere.at_all"}, "provider_site.E009"),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["the office"]}, "provider_site.E011"),
        ({"OUTBOUND_TIMEOUT_SECONDS": 0}, "provider_site.E011"),
        ({"OUTBOUND_TIMEOUT_SECONDS": 61}, "provider_site.E011"),
    ],
)
def test_setting_of_the_developer_pages_that_cannot_be_read_is_refused(
    settings: Any, setting: dict[str, Any], check_id: str
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | setting
    (message,) = checks.check_settings(None)
    assert (message.id, message.level) == (check_id, ERROR)
    (key,) = setting
    assert f'PROVIDER_SITE = {{"{key}": ' in (message.hint or "")


@pytest.mark.parametrize(
    "setting",
    [
        {"WHO_MAY_REGISTER": "staff"},
        {"RECENT_SIGN_IN_SECONDS": 60},
        {"RECENT_SIGN_IN_SECONDS": timedelta(hours=1)},
        {"MAX_APPLICATIONS": 1},
        {"SECRET_MAX_DAYS": 15},
        {"SECRET_MAX_DAYS": None},
        {"REVIEW_ADDRESSES": "review@example.com"},
        {"REVIEW_ADDRESSES": []},
        {"EMAIL_VERIFIED": lambda user: True},
    ],
)
def test_setting_of_the_developer_pages_that_works_is_taken(settings: Any, setting: dict[str, Any]) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | setting
    assert not checks.check_settings(None)


@pytest.mark.parametrize(
    "setting",
    [
        {"ACCESS_TOKEN_SECONDS": "soon"},
        {"MAX_CONSENT_DAYS": 0},
        {"PASSWORD_CHANGE_ENDS": "nothing"},
        {"DEVICE_CODE_SECONDS": 1},
        {"MONITORING_TOKEN": "short"},
        {"STEP_UP": "nowhere.at_all"},
    ],
)
def test_setting_that_nothing_else_reads_is_refused_where_it_cannot_be_read(
    settings: Any, setting: dict[str, Any]
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | setting
    (message,) = checks.check_settings(None)
    assert (message.id, message.level) == ("provider_site.E013", ERROR)
    (key,) = setting
    assert f"PROVIDER_SITE['{key}'] can't be read" in message.msg


def test_registration_for_proven_addresses_that_none_can_be_is_reported(settings: Any) -> None:
    settings.PROVIDER_SITE = without(settings, "EMAIL_VERIFIED") | {"WHO_MAY_REGISTER": "verified"}
    (message,) = checks.check_settings(None)
    assert message.id == "provider_site.W005"
    assert '"EMAIL_VERIFIED"' in (message.hint or "")


def test_people_who_sign_in_by_an_address_that_is_never_proven_are_reported(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PROVIDER_SITE = without(settings, "EMAIL_VERIFIED") | {"WHO_MAY_REGISTER": "staff"}
    assert not checks.check_settings(None)
    monkeypatch.setattr(get_user_model(), "USERNAME_FIELD", "email")
    assert ids(checks.check_settings(None)) == ["provider_site.W006"]
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "nobody"}
    assert not checks.check_settings(None)


def test_warning_of_secrets_that_have_just_been_made_is_reported(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SECRET_MAX_DAYS": 14}
    assert ids(checks.check_settings(None)) == ["provider_site.W007"]


@pytest.mark.parametrize(("who", "reported"), [("everyone", True), ("verified", False), ("anybody", False)])
def test_registration_open_to_everyone_is_reported_at_deployment(settings: Any, who: str, reported: bool) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": who}
    assert ids(checks.check_deployment(None)) == (["provider_site.W012"] if reported else [])


@pytest.mark.parametrize("allowed", [True, False])
def test_calls_to_this_machine_are_reported_at_deployment(settings: Any, allowed: bool) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_ALLOW_LOOPBACK_HTTP": allowed}
    assert ids(checks.check_deployment(None)) == (["provider_site.W013"] if allowed else [])


@pytest.mark.parametrize("there", [True, False])
def test_browsers_that_stay_open_are_reported_at_deployment(settings: Any, there: bool) -> None:
    settings.PROVIDER_SITE = without(settings, "OUTBOUND_ALLOW_LOOPBACK_HTTP")
    if not there:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "ProviderSession" not in name]
    assert ids(checks.check_deployment(None)) == ([] if there else ["provider_site.W014"])


@pytest.mark.parametrize("above", [True, False])
def test_endpoints_that_answer_above_the_security_headers_are_reported_at_deployment(
    settings: Any, *, above: bool
) -> None:
    settings.PROVIDER_SITE = without(settings, "OUTBOUND_ALLOW_LOOPBACK_HTTP")
    if above:
        endpoints = "provider_site.middleware.EndpointMiddleware"
        settings.MIDDLEWARE = [endpoints, *(name for name in settings.MIDDLEWARE if name != endpoints)]
    assert ids(checks.check_deployment(None)) == (["provider_site.W015"] if above else [])


ONE_EACH = "django.core.cache.backends.locmem.LocMemCache"
SHARED = "django.core.cache.backends.redis.RedisCache"
NONE = "django.core.cache.backends.dummy.DummyCache"


@pytest.mark.parametrize(
    ("backend", "variables", "reported"),
    [
        (ONE_EACH, {}, False),
        (ONE_EACH, {"WEB_CONCURRENCY": "1"}, False),
        (ONE_EACH, {"WEB_CONCURRENCY": "2"}, True),
        (ONE_EACH, {"GUNICORN_CMD_ARGS": "--threads 8 --workers=4"}, True),
        (ONE_EACH, {"GUNICORN_CMD_ARGS": "-w 4"}, True),
        (ONE_EACH, {"GRANIAN_WORKERS": "3"}, True),
        (SHARED, {"WEB_CONCURRENCY": "2"}, False),
        (NONE, {}, True),
    ],
)
def test_limits_that_hold_in_one_process_alone_are_reported_at_deployment(
    settings: Any, monkeypatch: pytest.MonkeyPatch, backend: str, variables: dict[str, str], reported: bool
) -> None:
    settings.PROVIDER_SITE = without(settings, "OUTBOUND_ALLOW_LOOPBACK_HTTP")
    settings.CACHES = {
        "default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1/0" if backend == SHARED else ""}
    }
    for name in ("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "GRANIAN_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ids(checks.check_deployment(None)) == (["provider_site.W016"] if reported else [])
    settings.CACHES = {"default": {"BACKEND": ONE_EACH}}  # the next fixture empties it
