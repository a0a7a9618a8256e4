"""Each unsafe setting of a deployment is named, with the section that asks for another and the line to add."""

import re
from pathlib import Path
from typing import Any

import pytest

from provider_site import deployment_checks
from provider_site.deployment_checks import own, rules
from provider_site.dot_settings import dot_settings

LOCAL = "django.core.cache.backends.locmem.LocMemCache"
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
HASHER = "django.contrib.auth.hashers."
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LOGGED = {"version": 1, "root": {"level": "INFO"}}


@pytest.fixture(autouse=True)
def _as_deployed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a deployment has and the tests' settings have not, so that nothing is reported to begin with."""
    settings.EMAIL_BACKEND = SMTP
    settings.LOGGING = LOGGED
    settings.PASSWORD_HASHERS = [f"{HASHER}PBKDF2PasswordHasher"]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    for name in ("OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE", "WEB_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)


def found() -> list[str]:
    return [str(message.id).partition(".")[2] for message in rules.check()]


def of_provider(**options: Any) -> dict[str, Any]:
    return {"PROVIDER_SITE": options}


def of_toolkit(**options: Any) -> dict[str, Any]:
    return {"OAUTH2_PROVIDER": dot_settings(**options)}


CASES: list[tuple[str, dict[str, Any]]] = [
    ("W017", of_provider(AUTHORIZATION_CODE_SECONDS=601)),
    ("W017", of_provider(ACCESS_TOKEN_SECONDS=3601)),
    ("W017", of_provider(ID_TOKEN_SECONDS=3601)),
    ("W017", of_provider(REFRESH_TOKEN_IDLE_SECONDS=181 * 86400)),
    ("W017", of_provider(REFRESH_TOKEN_GRACE_SECONDS=61)),
    ("W017", of_provider(AUTHORIZATION_REQUEST_SECONDS=86401)),
    ("W017", of_provider(DEVICE_CODE_SECONDS=1801)),
    ("W017", of_provider(RECENT_SIGN_IN_SECONDS=13 * 3600)),
    ("W018", of_provider(RATE_LIMITS={"token": None})),
    ("W019", of_provider(LIMITS_CACHE="nowhere")),
    ("W022", of_provider(KEY_RING=["abababababababababababababababababab"])),
    ("W024", of_provider(OUTBOUND_ALLOWED_NETWORKS=["169.254.0.0/16"])),
    ("W024", of_provider(OUTBOUND_ALLOWED_NETWORKS=["127.0.0.1/32"])),
    ("W024", of_provider(OUTBOUND_ALLOWED_NETWORKS=["0.0.0.0/0"])),
    ("W025", of_provider(OUTBOUND_CA_BUNDLE="/nowhere/at/all.pem")),
    ("W026", {"ACCOUNT_EMAIL_VERIFICATION": "none"}),
    ("W027", {"SECURE_PROXY_SSL_HEADER": PROXY}),
    ("W029", {"ALLAUTH_TRUSTED_PROXY_COUNT": 2}),
    ("W030", of_toolkit(PKCE_REQUIRED=False)),
    ("W030", of_toolkit(PKCE_REQUIRED="provider_site.nowhere.callable")),
    ("W031", of_toolkit(ROTATE_REFRESH_TOKEN=False)),
    ("W032", of_toolkit(ALLOWED_REDIRECT_URI_SCHEMES=["https", "myapp"])),
    ("W033", of_toolkit(ALLOW_URI_WILDCARDS=True)),
    ("W034", of_toolkit(ALLOW_LOCALHOST_LOOPBACK=True)),
    ("W035", of_toolkit(ALLOWED_SCHEMES=["https", "http"])),
    ("W036", of_toolkit(DCR_ENABLED=True)),
    ("W036", of_toolkit(CIMD_ENABLED=True)),
    ("W037", of_toolkit(CLIENT_SECRET_GENERATOR_LENGTH=16)),
    ("W038", of_toolkit(OIDC_RSA_PRIVATE_KEY="-----BEGIN")),
    ("W039", of_toolkit(ACCESS_TOKEN_EXPIRE_SECONDS=60)),
    ("W039", of_toolkit(OIDC_ISS_ENDPOINT="https://other.example.com")),
    ("W040", of_toolkit(OIDC_ENABLED=False)),
    ("W050", {"ALLOWED_HOSTS": ["*"]}),
    ("W051", {"USE_X_FORWARDED_HOST": True}),
    ("W053", {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}),
    ("W054", {"SESSION_COOKIE_AGE": 91 * 86400}),
    ("W055", {"SESSION_COOKIE_DOMAIN": ".example.com"}),
    ("W055", {"CSRF_COOKIE_DOMAIN": ".example.com"}),
    ("W056", {"SESSION_COOKIE_SAMESITE": "None"}),
    ("W056", {"SESSION_COOKIE_SAMESITE": False}),
    ("W057", {"CSRF_TRUSTED_ORIGINS": ["https://*.example.com"]}),
    ("W057", {"CSRF_TRUSTED_ORIGINS": ["http://example.com"]}),
    ("W058", {"SECURE_REFERRER_POLICY": "unsafe-url"}),
    ("W059", {"DATA_UPLOAD_MAX_MEMORY_SIZE": None}),
    ("W059", {"DATA_UPLOAD_MAX_NUMBER_FIELDS": None}),
    ("W059", {"DATA_UPLOAD_MAX_NUMBER_FILES": None}),
    ("W060", {"PASSWORD_HASHERS": [f"{HASHER}MD5PasswordHasher"]}),
    ("W061", {"AUTH_PASSWORD_VALIDATORS": []}),
    ("W062", {"LOGGING": LOGGED | {"loggers": {"oauthlib": {"level": "DEBUG"}}}}),
    ("W063", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
    ("W070", {"ACCOUNT_RATE_LIMITS": False}),
    ("W070", {"ACCOUNT_RATE_LIMITS": {"login_failed": None}}),
    ("W071", {"ACCOUNT_PREVENT_ENUMERATION": False}),
    ("W072", {"ACCOUNT_SESSION_REMEMBER": True}),
    ("W073", {"ACCOUNT_LOGOUT_ON_GET": True}),
    ("W074", {"ACCOUNT_CONFIRM_EMAIL_ON_GET": True, "ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION": True}),
    ("W075", {"ACCOUNT_UNIQUE_EMAIL": False}),
    ("W076", {"MFA_TOTP_INSECURE_BYPASS_CODE": "000000"}),
    ("W077", {"MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": True}),
    ("W078", of_provider(ISSUER="https://id.example.com")),
]


def changed(settings: Any, name: str, value: Any) -> None:
    if name == "PROVIDER_SITE":
        value = settings.PROVIDER_SITE | value
    setattr(settings, name, value)


@pytest.mark.parametrize(("check_id", "changes"), CASES)
def test_unsafe_setting_is_named_and_nothing_else(settings: Any, check_id: str, changes: dict[str, Any]) -> None:
    assert found() == []
    for name, value in changes.items():
        changed(settings, name, value)
    assert found() == [check_id]


def test_all_that_log_everything_are_named_by_the_root_alone(settings: Any) -> None:
    settings.LOGGING = {"version": 1, "root": {"level": "DEBUG"}, "loggers": {"urllib3": {"level": "WARNING"}}}
    assert found() == ["W062"] * 5
    assert not any("urllib3" in message.msg for message in rules.check())


@pytest.mark.parametrize("variable", ["OAUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_RELAX_TOKEN_SCOPE"])
def test_environment_that_opens_the_protocol_library_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert found() == ["W065"]


def test_own_cache_of_each_process_for_limits_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CACHES = {"default": {"BACKEND": LOCAL}, "limits": {"BACKEND": LOCAL, "LOCATION": "limits"}}
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"LIMITS_CACHE": "limits"}
    assert found() == []
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    assert found() == ["W019"]


def test_transaction_around_each_request_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    assert found() == ["W052"]


def test_key_ring_that_is_the_secret_key_is_named(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"KEY_RING": [settings.SECRET_KEY]}
    assert found() == ["W022"]


def behind_proxies(settings: Any, count: int, **options: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"TRUSTED_PROXIES": count} | options
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = count


def test_proxies_that_all_agree_about_are_fine(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    behind_proxies(settings, 1)
    assert found() == []


def test_proxies_without_their_word_on_https_are_named(settings: Any) -> None:
    behind_proxies(settings, 1)
    assert found() == ["W028"]


def test_overload_that_nobody_refuses_is_named_behind_a_proxy(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != own.OVERLOAD]
    behind_proxies(settings, 1)
    assert found() == ["W020"]


def test_queue_without_an_end_is_named_behind_a_proxy(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"MAX_QUEUE_SECONDS": None}
    assert found() == []
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    behind_proxies(settings, 1)
    assert found() == ["W021"]


def test_open_cross_origin_requests_are_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True
    assert found() == []  # the package is not there
    is_installed = rules.apps.is_installed
    monkeypatch.setattr(rules.apps, "is_installed", lambda name: name == "corsheaders" or is_installed(name))
    assert found() == ["W064"]


def test_bundle_that_can_be_read_is_fine(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"OUTBOUND_CA_BUNDLE": str(Path(__file__))}
    assert found() == []


def test_setting_that_cannot_be_read_is_left_to_the_check_that_says_so(settings: Any) -> None:
    settings.PROVIDER_SITE = {"RATE_LIMITS": 5, "TRUSTED_PROXIES": "many", "ACCESS_TOKEN_SECONDS": "soon"}
    assert found() == []


def test_every_rule_has_a_number_of_its_own_a_hint_and_a_section() -> None:
    ids = [rule.id for rule in deployment_checks.RULES]
    assert len(set(ids)) == len(ids)
    for rule in deployment_checks.RULES:
        assert re.fullmatch(r"provider_site\.[EW][0-9]{3}", rule.id), rule.name
        assert rule.hint, rule.name
        assert re.search(r"RFC [0-9]+|OpenID|WebAuthn", rule.section), rule.name
