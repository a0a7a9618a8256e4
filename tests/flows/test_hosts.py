"""One process, two sites: told apart by host, each with sessions of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory

from project import environment, errors
from project.sessions import SessionStore, acting_site
from tests.factories import PASSWORD

PROVIDER = {"SERVER_NAME": "localhost", "SERVER_PORT": "8000"}
CONSUMER = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000"}
ROOT = Path(__file__).resolve().parents[2]
COOKIE = django_settings.SESSION_COOKIE_NAME


def sign_in(client: Client, username: str) -> Any:
    return client.post("/accounts/login/", {"login": username, "password": PASSWORD})


@pytest.fixture
def provider() -> Client:
    """Return a browser at the provider."""
    return Client(**PROVIDER)


@pytest.fixture
def signed_in(provider: Client, user: Any) -> Client:
    """Return a browser in which `user` has signed in at the provider, by the form."""
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    assert sign_in(provider, user.username).status_code == 302
    return provider


def test_provider_host_serves_the_provider(provider: Client, db: None) -> None:
    document = provider.get("/.well-known/openid-configuration").json()
    assert document["issuer"] == django_settings.PROVIDER_URL


@pytest.mark.parametrize("host", [PROVIDER, CONSUMER])
def test_icon_that_browsers_ask_for_unbidden_is_there(db: None, host: dict[str, str]) -> None:
    assert Client(**host).get("/favicon.ico")["Location"].endswith("project/icon.svg")


@pytest.mark.parametrize(
    ("host", "path"),
    [(CONSUMER, "/.well-known/openid-configuration"), (CONSUMER, "/admin/"), (PROVIDER, "/calendar/")],
)
def test_address_of_one_site_does_not_exist_on_the_other(db: None, host: dict[str, str], path: str) -> None:
    assert Client(**host).get(path).status_code == 404


def test_host_outside_allowed_hosts_is_refused(db: None) -> None:
    assert Client(SERVER_NAME="evil.example.com").get("/").status_code == 400


def test_allowed_host_that_is_no_site_is_not_found(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert Client(SERVER_NAME="other.example.com").get("/").status_code == 404


def test_forged_host_does_not_change_the_issuer(db: None) -> None:
    document = Client(SERVER_NAME="localhost", SERVER_PORT="6666").get("/.well-known/openid-configuration").json()
    assert document["issuer"] == django_settings.PROVIDER_URL


def test_session_opens_on_its_own_site(signed_in: Client, user: Any) -> None:
    assert user.username in signed_in.get("/").content.decode()


def test_session_cookie_carried_to_the_consumer_signs_nobody_in(signed_in: Client) -> None:
    carried = Client(**CONSUMER)
    carried.cookies[COOKIE] = signed_in.cookies[COOKIE].value
    response = carried.get("/calendar/")
    assert response.status_code == 302
    assert "_auth_user_id" not in response.wsgi_request.session


@pytest.mark.parametrize("method", ["read", "write", "sign-out"])
def test_session_cookie_carried_to_the_consumer_leaves_the_session_alone(
    signed_in: Client, user: Any, method: str
) -> None:
    key = signed_in.cookies[COOKIE].value
    before = Session.objects.get(pk=key).session_data
    carried = Client(**CONSUMER)
    carried.cookies[COOKIE] = key
    if method == "read":
        carried.get("/calendar/")
    elif method == "write":
        # Signing in writes into the session and would cycle the key of the one it found.
        other = Client(**CONSUMER)
        other.cookies[COOKIE] = key
        store = other.get("/accounts/login/").wsgi_request.session
        store["mark"] = "written by the consumer"
        store.save()
        assert store.session_key != key
    else:
        carried.post("/accounts/logout/")
    assert Session.objects.get(pk=key).session_data == before
    assert user.username in signed_in.get("/").content.decode()


@pytest.mark.parametrize("operation", ["flush", "delete", "cycle_key"])
def test_store_of_a_refused_cookie_names_no_session(signed_in: Client, operation: str) -> None:
    key = signed_in.cookies[COOKIE].value
    carried = Client(**CONSUMER)
    carried.cookies[COOKIE] = key
    store = carried.get("/accounts/login/").wsgi_request.session
    getattr(store, operation)()
    assert Session.objects.filter(pk=key).exists()


def test_renamed_cookie_is_nobodys_session(signed_in: Client) -> None:
    key = signed_in.cookies[COOKIE].value
    carried = Client(**CONSUMER)
    carried.cookies[COOKIE] = key.replace("provider.", "consumer.")
    assert carried.get("/calendar/").status_code == 302
    assert Session.objects.filter(pk=key).exists()


def test_session_made_outside_a_request_belongs_to_the_acting_site(db: None) -> None:
    with acting_site("consumer"):
        store = SessionStore()
        store.create()
    assert store.session_key is not None
    assert store.session_key.startswith("consumer.")
    assert len(store.session_key) == len("consumer.") + 31


@pytest.mark.parametrize("host", [PROVIDER, CONSUMER], ids=["provider", "consumer"])
def test_every_page_has_the_strict_headers(db: None, host: dict[str, str]) -> None:
    response = Client(**host).get("/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert response["X-Request-Reference"]


@pytest.mark.parametrize("host", [PROVIDER, CONSUMER], ids=["provider", "consumer"])
def test_language_switch_is_remembered(db: None, host: dict[str, str]) -> None:
    client = Client(**host)
    assert client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"}).status_code == 302
    assert '<html lang="zh-hans"' in client.get("/").content.decode()


@pytest.mark.parametrize("host", [PROVIDER, CONSUMER], ids=["provider", "consumer"])
def test_language_of_the_browser_is_taken(db: None, host: dict[str, str]) -> None:
    page = Client(**host).get("/", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}).content.decode()
    assert '<html lang="zh-hans"' in page


@pytest.mark.parametrize("host", [PROVIDER, CONSUMER], ids=["provider", "consumer"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("view", "status"),
    [
        (errors.bad_request, 400),
        (errors.permission_denied, 403),
        (errors.page_not_found, 404),
        (errors.server_error, 500),
        (errors.csrf_failure, 403),
    ],
)
def test_error_page_is_whole_on_both_sites(
    db: None, host: dict[str, str], language: str, view: Any, status: int
) -> None:
    from django.utils import translation

    request = Client(**host).get("/").wsgi_request
    with translation.override(language):
        response = view(request)
    page = response.content.decode()
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert page.count("<h1") == 1
    assert request.reference in page


def test_error_page_needs_neither_session_nor_database() -> None:
    # This test may not touch the database at all: a page that did would come out as plain text.
    response = errors.server_error(RequestFactory().get("/", **PROVIDER))
    assert response.status_code == 500
    assert response["Content-Type"].startswith("text/html")


def test_error_page_whose_layout_fails_still_has_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("project.errors.loader.render_to_string", lambda *_arguments: 1 / 0)
    response = errors.server_error(RequestFactory().get("/", **PROVIDER))
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Something went wrong on our side" in response.content


def test_missing_page_is_answered_in_our_layout(db: None) -> None:
    response = Client(**PROVIDER).get("/no/such/page")
    assert response.status_code == 404
    assert b"There is no such page" in response.content


def test_form_without_token_is_refused_with_a_page(db: None) -> None:
    response = Client(enforce_csrf_checks=True, **PROVIDER).post("/accounts/login/", {"login": "x", "password": "y"})
    assert response.status_code == 403
    assert b"This form is out of date" in response.content


def test_missing_production_secret_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        environment.read_secret("SECRET_KEY", development_file=None, environ={})


def test_development_secret_is_made_once_and_private(tmp_path: Any) -> None:
    path = tmp_path / "var" / "secret_key"
    first = environment.read_secret("SECRET_KEY", development_file=path, environ={})
    assert len(first) >= 50
    assert environment.read_secret("SECRET_KEY", development_file=path, environ={}) == first
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ("provider", "consumer")), ("consumer", ("consumer",)), ("consumer, provider", ("provider", "consumer"))],
)
def test_sites_are_read_in_a_fixed_order(value: str, expected: tuple[str, ...]) -> None:
    assert environment.read_sites(environ={"SITES": value}) == expected


def test_unknown_site_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match="shop"):
        environment.read_sites(environ={"SITES": "shop"})


@pytest.mark.parametrize("value", ["id.example.com", "https://id.example.com/path", "ftp://id.example.com"])
def test_address_that_is_no_origin_is_named(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PROVIDER_URL"):
        environment.read_url("PROVIDER_URL", default="", environ={"PROVIDER_URL": value})


def test_trailing_slash_of_an_origin_is_dropped() -> None:
    environ = {"PROVIDER_URL": "https://id.example.com/"}
    assert environment.read_url("PROVIDER_URL", default="", environ=environ) == "https://id.example.com"


@pytest.mark.parametrize("value", ["80x", "0", "65536", "-1", "٨٠"])
def test_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PORT"):
        environment.read_port(environ={"PORT": value})


def test_fault_in_the_configuration_is_one_sentence() -> None:
    command = [sys.executable, "manage.py", "check"]
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "SITES": "shop"}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Configuration: SITES names shop")
    assert "Traceback" not in result.stderr
