"""Each unsafe setting of a consumer's deployment is named; those of the host where no provider is beside it."""

import re
from typing import Any

import pytest
from django.apps import apps

from consumer_site import deployment_checks

PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
SMTP = "django.core.mail.backends.smtp.EmailBackend"
HASHER = "django.contrib.auth.hashers."


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EMAIL_BACKEND = SMTP
    settings.LOGGING = {"version": 1, "root": {"level": "INFO"}}
    settings.PASSWORD_HASHERS = [f"{HASHER}PBKDF2PasswordHasher"]
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE", "WEB_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no provider in the project."""
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "provider_site" and is_installed(name))


def found() -> list[str]:
    return [str(message.id).partition(".")[2] for message in deployment_checks.check()]


def of_consumer(**options: Any) -> dict[str, Any]:
    return {"CONSUMER_SITE": options}


def change(settings: Any, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, settings.CONSUMER_SITE | value if name == "CONSUMER_SITE" else value)


@pytest.mark.parametrize(
    ("check_id", "changes"),
    [
        ("W020", {"SOCIALACCOUNT_LOGIN_ON_GET": True}),
        ("W021", {"SOCIALACCOUNT_EMAIL_AUTHENTICATION": True}),
        ("W021", {"SOCIALACCOUNT_PROVIDERS": {"github": {"EMAIL_AUTHENTICATION": True}}}),
        ("W021", {"SOCIALACCOUNT_PROVIDERS": {"github": {"VERIFIED_EMAIL": True}}}),
        ("W022", of_consumer(KEY_RING=["abababababababababababababababababab"])),
        ("W023", of_consumer(ALLOWED_NETWORKS=["169.254.169.254/32"])),
        ("W023", of_consumer(ALLOWED_NETWORKS=["0.0.0.0/0"])),
        ("W024", of_consumer(HTTP_CA_BUNDLE="/nowhere/at/all.pem")),
        ("W025", of_consumer(HTTP_READ_TIMEOUT=61)),
        ("W026", of_consumer(HTTP_MAX_BYTES=17 * 1024 * 1024)),
        ("W027", of_consumer(CLOCK_LEEWAY_SECONDS=301)),
        ("W028", of_consumer(METADATA_CACHE_SECONDS=86401)),
        ("W029", of_consumer(SITE_URL="http://app.example.com")),
    ],
)
def test_unsafe_setting_of_the_consumer_is_named(settings: Any, check_id: str, changes: dict[str, Any]) -> None:
    assert found() == []
    change(settings, changes)
    assert found() == [check_id]


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    ("check_id", "changes"),
    [
        ("W030", {"SECURE_PROXY_SSL_HEADER": PROXY}),
        ("W031", {"ALLAUTH_TRUSTED_PROXY_COUNT": 1}),
        ("W050", {"ALLOWED_HOSTS": ["*"]}),
        ("W054", {"SESSION_COOKIE_AGE": 91 * 86400}),
        ("W062", {"LOGGING": {"version": 1, "loggers": {"urllib3": {"level": "DEBUG"}}}}),
        ("W063", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
        ("W070", {"ACCOUNT_RATE_LIMITS": False}),
        ("W071", {"ACCOUNT_PREVENT_ENUMERATION": False}),
    ],
)
def test_unsafe_setting_of_the_host_is_named_by_a_consumer_that_stands_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch, check_id: str, changes: dict[str, Any]
) -> None:
    assert found() == []
    change(settings, changes)
    assert found() == [check_id]
    monkeypatch.undo()  # now the provider is there, and its own checks say so
    assert check_id not in found()


@pytest.mark.usefixtures("alone")
def test_limits_of_one_process_are_named_by_a_consumer_that_stands_alone(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert found() == []
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    assert found() == ["W032"]


@pytest.mark.usefixtures("alone")
def test_header_of_the_proxy_counts_as_one(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    settings.ALLAUTH_TRUSTED_CLIENT_IP_HEADER = "CF-Connecting-IP"
    assert found() == []


def test_every_rule_has_a_number_of_its_own_a_hint_and_a_section() -> None:
    every = [*deployment_checks.RULES, *deployment_checks.ALONE]
    assert len({rule.id for rule in every}) == len(every)
    for rule in every:
        assert re.fullmatch(r"consumer_site\.[EW][0-9]{3}", rule.id), rule.name
        assert rule.hint, rule.name
        assert re.search(r"RFC [0-9]+|OpenID|WebAuthn", rule.section), rule.name
