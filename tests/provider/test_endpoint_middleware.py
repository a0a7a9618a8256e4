"""EndpointMiddleware: machine endpoints answer as ever, ahead of what pages need; pages know nothing of it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import ResolverMatch, clear_url_caches, get_resolver, include, path, re_path, reverse
from django.utils import translation

from project import urls_provider
from provider_site.protocol import metadata
from provider_site.protocol.endpoints import machine_endpoint, machine_paths
from tests.provider.driver import ISSUER_HOST, Driver, encode

MIDDLEWARE = "provider_site.middleware.EndpointMiddleware"
FORM = "application/x-www-form-urlencoded"
ENDPOINTS = {
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/o/device_authorization/",
    "/o/introspect/",
    "/o/revoke_token/",
    "/o/token/",
    "/o/userinfo/",
}
# What says how a page depends on its reader, and the name of the request in the log.
OF_PAGES = {"Content-Language", "Vary", "X-Request-Reference"}
# A person's browser, whose cookies and language are nothing to a machine's endpoint.
BROWSER = {"accept-language": "zh-hans", "cookie": "sessionid=provider.unknown; csrftoken=unknown"}

entered: list[str] = []


def notes_who_comes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Be the first middleware below EndpointMiddleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        entered.append(request.path)
        return get_response(request)

    return middleware


@pytest.fixture(autouse=True)
def _nobody_yet() -> Iterator[None]:
    entered.clear()
    yield
    clear_url_caches()


def place(settings: Any, *, there: bool) -> None:
    """Take EndpointMiddleware out of the project's stack, or leave it in; a witness stands right below."""
    names = [name for name in settings.MIDDLEWARE if not name.startswith(__name__)]
    at = names.index(MIDDLEWARE) if MIDDLEWARE in names else names.index("project.hosts.HostMiddleware") + 1
    names[at : at + (MIDDLEWARE in names)] = [*([MIDDLEWARE] if there else []), f"{__name__}.notes_who_comes"]
    settings.MIDDLEWARE = names


def client() -> Client:
    """Return a client whose requests meet the stack as it is now, and whose failures are answers."""
    return Client(headers={"host": ISSUER_HOST}, raise_request_exception=False, enforce_csrf_checks=True)


def both(settings: Any, send: Callable[[Client], Any]) -> tuple[Any, Any]:
    """Return the answer to one request without the middleware, and with it."""
    place(settings, there=False)
    without = send(client())
    place(settings, there=True)
    return without, send(client())


def headers_of(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_PAGES}


def body_of(answer: Any) -> str:
    """Return the text, without what a page has of its own each time: the reference, and the token of its forms."""
    text = answer.content.decode().replace(answer["X-Request-Reference"], "")
    return re.sub(r'value="\w{64}"', "", text)


Request = Callable[[Client, Driver, Any], Any]


def post(address: str, *, authenticated: bool = True, **form: str) -> Request:
    """Return a way to post a form as a client does."""

    def send(own: Client, driver: Driver, tokens: Any) -> Any:
        known: dict[str, str] = {"ACCESS": tokens.access, "REFRESH": tokens.refresh}
        body = encode({name: known.get(value, value) for name, value in form.items()})
        headers: Any = BROWSER | (driver.basic() if authenticated else {})
        return own.post(address, data=body, content_type=FORM, headers=headers)

    return send


def ask(method: str, address: str, **headers: str) -> Request:
    """Return a way to ask without a form; ``bearer`` is the access token."""

    def send(own: Client, driver: Driver, tokens: Any) -> Any:
        bearer = {"Authorization": f"Bearer {tokens.access}"} if "bearer" in headers else {}
        return own.generic(method, address, headers=BROWSER | bearer)

    return send


def malformed_upload(own: Client, driver: Driver, tokens: Any) -> Any:
    """Send a form whose parts have no boundary, which Django refuses by a page."""
    return own.post("/o/userinfo/", data=b"x", content_type="multipart/form-data", headers=BROWSER)


REQUESTS: dict[str, Request] = {
    "discovery": ask("GET", "/.well-known/openid-configuration"),
    "discovery, head alone": ask("HEAD", "/.well-known/openid-configuration"),
    "discovery, by a wrong method": ask("POST", "/.well-known/openid-configuration"),
    "OAuth metadata": ask("GET", "/.well-known/oauth-authorization-server"),
    "keys": ask("GET", "/.well-known/jwks.json"),
    "keys, head alone": ask("HEAD", "/.well-known/jwks.json"),
    "keys, which methods": ask("OPTIONS", "/.well-known/jwks.json"),
    "userinfo": ask("GET", "/o/userinfo/", bearer="yes"),
    "userinfo, head alone": ask("HEAD", "/o/userinfo/", bearer="yes"),
    "userinfo without a token": ask("GET", "/o/userinfo/"),
    "userinfo before a script's request": ask("OPTIONS", "/o/userinfo/"),
    "userinfo by a form": post("/o/userinfo/", authenticated=False, access_token="ACCESS"),
    "userinfo with an unreadable form": malformed_upload,
    "client credentials refused": post("/o/token/", grant_type="client_credentials", scope="nickname"),
    "token without a client": post("/o/token/", authenticated=False, grant_type="client_credentials"),
    "token with a wrong code": post("/o/token/", grant_type="authorization_code", code="unknown"),
    "token by GET": ask("GET", "/o/token/"),
    "token, which methods": ask("OPTIONS", "/o/token/"),
    "introspection": post("/o/introspect/", token="ACCESS"),
    "introspection of nothing": post("/o/introspect/", token="unknown"),
    "introspection without a client": post("/o/introspect/", authenticated=False, token="ACCESS"),
    "revocation of nothing": post("/o/revoke_token/", token="unknown"),
    "device authorization refused": post("/o/device_authorization/", scope="openid"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_answer_is_the_one_without_the_middleware(settings: Any, driver: Driver, name: str) -> None:
    tokens = driver.tokens()
    without, answer = both(settings, lambda own: REQUESTS[name](own, driver, tokens))
    assert (answer.status_code, body_of(answer)) == (without.status_code, body_of(without))
    assert headers_of(answer) == headers_of(without)
    assert not answer.cookies or "html" in answer["Content-Type"], "a browser's session is no matter of a machine's"


def test_tokens_are_issued_with_the_same_headers(settings: Any, driver: Driver) -> None:
    refreshed = [driver.tokens().refresh, driver.tokens().refresh]
    form = {"grant_type": "refresh_token"}
    without, answer = both(
        settings, lambda own: post("/o/token/", **form, refresh_token=refreshed.pop())(own, driver, driver.tokens())
    )
    assert answer.status_code == without.status_code == 200
    lengths = {"Content-Length"}  # of an ID token, whose moments are others
    assert headers_of(answer).keys() == headers_of(without).keys()
    assert all(headers_of(without)[name] == value for name, value in headers_of(answer).items() if name not in lengths)
    assert int(answer["Content-Length"]) == len(answer.content)


def test_every_machine_endpoint_is_found_and_no_page_is() -> None:
    assert set(machine_paths(get_resolver("project.urls_provider"))) == ENDPOINTS
    assert not machine_paths(get_resolver("project.urls_consumer"))


@pytest.mark.parametrize("address", sorted(ENDPOINTS))
def test_nothing_below_is_entered_for_a_machine(settings: Any, db: None, address: str) -> None:
    for answer in both(settings, lambda own: own.post(address, headers=BROWSER)):
        assert answer.status_code < 500
        assert entered == [address]


def test_nothing_of_django_is_entered_below(settings: Any, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = driver.tokens()
    place(settings, there=True)
    own = client()
    own.get("/")  # loads the stack
    handler = own.handler
    stack = settings.MIDDLEWARE[settings.MIDDLEWARE.index(f"{__name__}.notes_who_comes") :]
    assert {"CsrfViewMiddleware", "LocaleMiddleware"} <= {name.rpartition(".")[2] for name in stack}
    entered.clear()
    monkeypatch.setattr(handler, "_view_middleware", None)  # an entry there would fail
    assert REQUESTS["userinfo"](own, driver, tokens).status_code == 200
    assert entered == []


@pytest.mark.parametrize(
    "address", ["/", "/o/authorize/", "/o/logout/", "/o/device/", "/o/apps/", "/o/token", "/nothing"]
)
def test_page_is_untouched(settings: Any, db: None, address: str) -> None:
    without, answer = both(settings, lambda own: own.get(address, headers={"accept-language": "zh-hans"}))
    assert answer.status_code == without.status_code
    assert answer.headers.keys() == without.headers.keys()
    assert answer["Content-Language"] == without["Content-Language"] == "zh-hans"
    assert entered == [address, address]


FAILURES: dict[str, tuple[type[Exception], int]] = {
    "not found": (Http404, 404),
    "denied": (PermissionDenied, 403),
    "suspicious": (SuspiciousOperation, 400),
    "unexpected": (RuntimeError, 500),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_has_the_page_it_has_without_the_middleware(
    settings: Any, db: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    failure, status = FAILURES[name]
    calls: list[str] = []

    def fail() -> Any:
        calls.append(name)
        raise failure("planted")

    monkeypatch.setattr(metadata, "document", fail)
    address = "/.well-known/openid-configuration"
    without, answer = both(settings, lambda own: own.get(address, headers=BROWSER))
    assert answer.status_code == without.status_code == status
    assert "请" in answer.content.decode(), "the page is in the reader's language"
    assert headers_of(answer) == headers_of(without)
    assert answer["Content-Language"] == "zh-hans"
    assert calls == [name] * 2, "the endpoint does its work once"


def test_failure_is_asked_about_where_the_host_asks(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked:
        def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
            self.get_response = get_response

        def __call__(self, request: HttpRequest) -> HttpResponse:
            return self.get_response(request)

        def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
            return HttpResponse("asked", status=418)

    def fail() -> Any:
        raise RuntimeError("planted")

    monkeypatch.setattr(metadata, "document", fail)
    monkeypatch.setattr(f"{__name__}.notes_who_comes", Asked)
    _without, answer = both(settings, lambda own: own.get("/.well-known/openid-configuration"))
    assert answer.status_code == 418


def test_host_that_is_none_of_ours_is_refused_where_nothing_above_asks(settings: Any, db: None) -> None:
    settings.MIDDLEWARE = [MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
    settings.ROOT_URLCONF = "project.urls_provider"
    for host, status in ((ISSUER_HOST, 200), ("elsewhere.example", 400)):
        assert Client(headers={"host": host}).get("/.well-known/openid-configuration").status_code == status


def test_other_site_of_the_process_has_no_endpoint(settings: Any, db: None) -> None:
    place(settings, there=True)
    assert Client(headers={"host": "127.0.0.1:8000"}).get("/.well-known/jwks.json").status_code == 404
    assert entered == ["/.well-known/jwks.json"]


class Mounted:
    """A host's URL configuration: the provider under a path, and what the host itself puts before it."""

    def __init__(self, *patterns: Any) -> None:
        self.urlpatterns = list(patterns)
        for name in ("handler400", "handler403", "handler404", "handler500"):
            setattr(self, name, getattr(urls_provider, name))


def whose(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    assert isinstance(request.resolver_match, ResolverMatch)
    inside = len(connection.savepoint_ids)
    facts = [request.resolver_match.route, reverse("oauth2_provider:token"), translation.get_language(), inside]
    return HttpResponse(" ".join(map(str, facts)))


def test_endpoints_are_where_the_host_mounts_them(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"ISSUER": "http://localhost:8000/id"}
    host: Any = Mounted(
        path("id/o/token/", whose),  # the host's own comes first
        path("id/", include("provider_site.urls")),
        path(".well-known/oauth-authorization-server/<path:issuer_path>", machine_endpoint(whose)),
        re_path("^old/", include("provider_site.urls")),
    )
    found = set(machine_paths(get_resolver(host)))
    assert found == {
        *({f"/id{address}" for address in ENDPOINTS} - {"/id/o/token/"}),
        "/id/id/.well-known/openid-configuration",
        "/id/.well-known/oauth-authorization-server/id",
        "/.well-known/oauth-authorization-server/id",
    }


@pytest.mark.parametrize("atomic", [False, True])
def test_view_has_what_django_gives_one(
    settings: Any, db: None, monkeypatch: pytest.MonkeyPatch, *, atomic: bool
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    settings.ROOT_URLCONF = Mounted(path("mine/", machine_endpoint(whose)), *urls_provider.urlpatterns)
    settings.MIDDLEWARE = [MIDDLEWARE]
    translation.activate("zh-hans")  # as a page left it in this thread
    outside = len(connection.savepoint_ids)
    answer = client().get("/mine/")
    assert answer.content.decode() == f"mine/ /o/token/ en {outside + atomic}"
    assert answer["X-Frame-Options"] == settings.X_FRAME_OPTIONS


def choose_elsewhere(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Route by a URL configuration of the request's own, as hosts of several sites do."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = ELSEWHERE
        return get_response(request)

    return middleware


ELSEWHERE: Any = Mounted(path("elsewhere/mine/", machine_endpoint(whose)), path("elsewhere/", include(urls_provider)))


def test_view_reverses_by_the_request_s_own_configuration(settings: Any, db: None) -> None:
    settings.MIDDLEWARE = [f"{__name__}.choose_elsewhere", MIDDLEWARE]
    assert client().get("/elsewhere/mine/").content.startswith(b"elsewhere/mine/ /elsewhere/o/token/ ")
    assert client().get("/o/token/").status_code == 404
