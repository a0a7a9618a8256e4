"""How a provider's endpoints behave to clients that nobody knows: nothing is tried that could succeed."""

from __future__ import annotations

import base64
import secrets
from urllib.parse import urlencode

from site_doctor.caller import Answer
from site_doctor.findings import Look, NotLookedAt, NotWell
from site_doctor.metadata_looks import Provider

_STRANGER = "https://stranger.invalid"
_CALLBACK = f"{_STRANGER}/callback"


def _nobody() -> str:
    return f"doctor-{secrets.token_hex(8)}"


def _basic(client: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client}:{secrets.token_hex(16)}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Origin": _STRANGER}


def _wrong_client(provider: Provider) -> Answer:
    form = {"grant_type": "client_credentials"}
    return provider.caller.post(provider.endpoint("token_endpoint"), form, headers=_basic(_nobody()))


def token_get(provider: Provider) -> str:
    """Look that tokens are not asked for by GET, whose query ends in logs (RFC 6749 3.2)."""
    address = provider.endpoint("token_endpoint")
    answer = provider.caller.get(f"{address}?{urlencode({'grant_type': 'client_credentials', 'client_id': _nobody()})}")
    if answer.status not in {400, 404, 405}:
        raise NotWell(f"GET is answered {answer.status}")
    return f"{answer.status}"


def token_wrong_client(provider: Provider) -> str:
    """Look how a wrong client is refused: 401 invalid_client with WWW-Authenticate (RFC 6749 5.2)."""
    answer = _wrong_client(provider)
    if answer.status == 429:
        raise NotLookedAt("429: too much was wrong from here a short time ago")
    if answer.status != 401:
        raise NotWell(f"a wrong client is answered {answer.status}")
    if not answer.header("WWW-Authenticate"):
        raise NotWell("401 without WWW-Authenticate")
    try:
        error = answer.document().get("error")
    except ValueError:
        error = None
    if error != "invalid_client":
        raise NotWell(f"the error is {error!r}")
    return "401 invalid_client"


def token_no_store(provider: Provider) -> str:
    """Look that no cache keeps what the token endpoint says (RFC 6749 5.1)."""
    told = _wrong_client(provider).header("Cache-Control").lower()
    if "no-store" not in told:
        raise NotWell(f"Cache-Control: {told}" if told else "no Cache-Control")
    return "no-store"


def _opens(answer: Answer) -> str:
    allowed = answer.header("Access-Control-Allow-Origin")
    credentials = answer.header("Access-Control-Allow-Credentials").lower() == "true"
    return allowed if allowed in {"*", _STRANGER} and (credentials or allowed) else ""


def cross_origin(provider: Provider) -> str:
    """Look that scripts of other sites can't read where people decide, nor come with their cookies (RFC 9700 2.6)."""
    headers = {"Origin": _STRANGER, "Access-Control-Request-Method": "GET"}
    address = provider.endpoint("authorization_endpoint")
    for method in ("OPTIONS", "GET"):
        if allowed := _opens(provider.caller.call(method, address, headers=headers)):
            raise NotWell(f"the authorization endpoint allows {allowed}")
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint"):
        if isinstance(other := provider.metadata().get(name), str):
            answer = provider.caller.call("OPTIONS", other, headers=headers | {"Access-Control-Request-Method": "POST"})
            if answer.header("Access-Control-Allow-Credentials").lower() == "true":
                raise NotWell(f"{name} allows other sites' scripts with cookies")
    return "none at the authorization endpoint, none with cookies"


def _refused_request(provider: Provider, **changes: str) -> Answer:
    request = {
        "response_type": "code",
        "client_id": _nobody(),
        "redirect_uri": _CALLBACK,
        "scope": "openid",
        "state": secrets.token_hex(8),
        "code_challenge": secrets.token_urlsafe(32),
        "code_challenge_method": "S256",
    }
    return provider.caller.get(f"{provider.endpoint('authorization_endpoint')}?{urlencode(request | changes)}")


def unregistered_redirect(provider: Provider) -> str:
    """Look that nobody is sent to an address that no client has registered: a page says so (RFC 6749 4.1.2.1)."""
    answer = _refused_request(provider)
    if answer.header("Location").startswith(_STRANGER) or f"url={_STRANGER}" in answer.text():
        raise NotWell("leads to an address that nobody has registered: an open redirector")
    if answer.status < 400:
        raise NotWell(f"a client that nobody knows is answered {answer.status}")
    return f"{answer.status}, a page"


def authorize_page(provider: Provider) -> str:
    """Look at the page of a refusal: no cache, no frame, and addresses with codes are told to nobody."""
    answer = _refused_request(provider)
    policy = answer.header("Content-Security-Policy")
    if "no-store" not in answer.header("Cache-Control"):
        raise NotWell("caches may keep the page")
    if "frame-ancestors" not in policy and answer.header("X-Frame-Options").upper() not in {"DENY", "SAMEORIGIN"}:
        raise NotWell("other sites may put the page into a frame")
    if answer.header("Referrer-Policy") not in {"no-referrer", "same-origin"}:
        raise NotWell("the next site is told the whole address")
    return "no-store, not framed, no referrer"


def no_echo(provider: Provider) -> str:
    """Look that what a request brings is not written into the page as it came."""
    word = f"<b>{secrets.token_hex(4)}</b>"
    answer = _refused_request(provider, state=word, scope=f"openid {word}", client_id=word)
    if word in answer.text():
        raise NotWell("markup in a request becomes markup of the page")
    return "escaped"


def query_secret(provider: Provider) -> str:
    """Look that a client's secret in the query is not taken (RFC 6749 2.3.1), nor is one told to a cache."""
    words = urlencode({"client_id": _nobody(), "client_secret": secrets.token_hex(8)})
    answer = provider.caller.post(
        f"{provider.endpoint('token_endpoint')}?{words}", {"grant_type": "client_credentials"}
    )
    if answer.status not in {400, 401}:
        raise NotWell(f"answered {answer.status}")
    return f"{answer.status}"


def closed_introspection(provider: Provider) -> str:
    """Look that nobody asks about tokens without proving who asks (RFC 7662 2.1)."""
    answer = provider.caller.post(provider.endpoint("introspection_endpoint"), {"token": secrets.token_hex(16)})
    if answer.status not in {400, 401, 403}:
        raise NotWell(f"answered {answer.status} without a client")
    return f"{answer.status}"


def bare_userinfo(provider: Provider) -> str:
    """Look that userinfo without a token is refused as RFC 6750 3 has it, and one in the query is not taken."""
    address = provider.endpoint("userinfo_endpoint")
    for url in (address, f"{address}?access_token={secrets.token_hex(16)}"):
        answer = provider.caller.get(url)
        if answer.status not in {400, 401} or "bearer" not in answer.header("WWW-Authenticate").lower():
            raise NotWell(
                f"answered {answer.status}, WWW-Authenticate {answer.header('WWW-Authenticate') or 'missing'}"
            )
    return "401 Bearer"


def limited(provider: Provider, most: int) -> str:
    """Try a wrong secret until it is limited, each time as if from another address by X-Forwarded-For.

    Where that header of a client's own is believed, the limit never comes.
    """
    client, address = _nobody(), provider.endpoint("token_endpoint")
    for count in range(1, most + 1):
        forged = f"203.0.113.{count % 250 + 1}" if count < 250 else f"198.51.100.{count % 250 + 1}"
        headers = _basic(client) | {"X-Forwarded-For": forged, "X-Real-IP": forged}
        answer = provider.caller.post(address, {"grant_type": "client_credentials"}, headers=headers)
        if answer.status == 429:
            if not answer.header("Retry-After"):
                raise NotWell("429 without Retry-After")
            return f"429 after {count - 1} wrong secrets, whatever X-Forwarded-For says"
    raise NotWell(f"{most} wrong secrets, and no 429: no limit, or X-Forwarded-For of a client is believed")


LIMITED = Look(
    "forwarded-for",
    "RFC 9700 4.13",
    'PROVIDER_SITE["TRUSTED_PROXIES"] is the number of your own proxies, no more; RATE_LIMITS has failures.',
    limited,
)
LOOKS = (
    Look("token-get", "RFC 6749 3.2", "Let nothing in front answer for the token endpoint.", token_get),
    Look("token-wrong-client", "RFC 6749 5.2", "Let the proxy pass 401 and WWW-Authenticate on.", token_wrong_client),
    Look("token-no-store", "RFC 6749 5.1", "Let the proxy pass Cache-Control on.", token_no_store),
    Look(
        "cross-origin",
        "RFC 9700 2.6",
        "CORS_URLS_REGEX without the provider; no add_header in the proxy.",
        cross_origin,
    ),
    Look("unregistered-redirect", "RFC 9700 4.11", "OAUTH2_PROVIDER = dot_settings()", unregistered_redirect),
    Look(
        "authorize-page", "RFC 9700 4.16", "Let the proxy pass security headers on, and cache nothing.", authorize_page
    ),
    Look("no-echo", "RFC 6819 4.4.1.8", "Report it: SECURITY.md.", no_echo),
    Look("query-secret", "RFC 6749 2.3.1", "OAUTH2_PROVIDER = dot_settings()", query_secret),
    Look("introspection", "RFC 7662 2.1", "OAUTH2_PROVIDER = dot_settings()", closed_introspection),
    Look("userinfo", "RFC 6750 3", "Let the proxy pass WWW-Authenticate on; dot_settings().", bare_userinfo),
)
