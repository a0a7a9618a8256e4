"""What an OpenID provider answers besides tokens: discovery documents, token answers, userinfo."""

import json
from typing import Any

import requests
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from consumer_site.connectors.house.client import _read_tokens, _token_error
from consumer_site.errors import OutboundError, SignInError
from consumer_site.http import is_loopback_host, json_object
from consumer_site.jose import ALGORITHMS
from consumer_site.openid.metadata import Metadata, read_metadata
from tests.fuzz.target import Target, pure, refused

_ISSUER = "https://id.example.com"
_DOCUMENT = {
    "issuer": _ISSUER,
    "authorization_endpoint": f"{_ISSUER}/authorize?x=1",
    "token_endpoint": f"{_ISSUER}/token",
    "jwks_uri": f"{_ISSUER}/jwks",
    "userinfo_endpoint": f"{_ISSUER}/userinfo",
    "end_session_endpoint": None,
    "code_challenge_methods_supported": ["S256"],
    "response_modes_supported": ["query", "form_post"],
}
_TOKENS = {
    "access_token": "a",
    "token_type": "Bearer",
    "id_token": "a.b.c",
    "expires_in": 3600,
    "scope": "openid nickname",
    "refresh_token": "r",
}


def _answer(body: bytes, status: int = 200) -> requests.Response:
    answer: Any = requests.Response()
    answer.status_code, answer._content, answer.url = status, body, f"{_ISSUER}/x"
    return answer


def metadata(data: bytes) -> None:
    """Read a discovery document."""
    document = refused(lambda: json_object(_answer(data)), OutboundError)
    if document is None:
        return
    found: Metadata | None = refused(lambda: read_metadata(document, server_url=_ISSUER), SignInError)
    if found is None:
        return
    assert document["issuer"] == found.issuer == _ISSUER
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint)
    for address in (*endpoints, found.end_session_endpoint, found.revocation_endpoint):
        if address:
            parts = refused(lambda address=address: parse_url(address), LocationParseError)
            if parts is None:  # nobody can call it: requests reads addresses by this parser
                continue
            assert parts.scheme == "https" or is_loopback_host((parts.host or "").strip("[]")), address
            assert parts.host, address
            assert parts.auth is None, address
            assert address.isascii(), address
            assert address.isprintable(), address
    assert set(found.algorithms) <= set(ALGORITHMS)
    assert found.algorithms
    json.dumps([*found.scopes, *found.prompts, *found.response_modes], ensure_ascii=False).encode()


def tokens(data: bytes) -> None:
    """Read a token endpoint's answer, as one that succeeded and as one that did not."""
    for status in (400, 401, 500):
        error = _token_error(_answer(data, status))
        assert isinstance(error, (SignInError, OutboundError))
        assert str(error).isascii()
    answer = refused(lambda: json_object(_answer(data)), OutboundError)
    if answer is None:
        return
    for with_id_token in (True, False):
        found = refused(lambda flag=with_id_token: _read_tokens(answer, with_id_token=flag), SignInError)
        if found is None:
            continue
        assert found.access_token == answer["access_token"]
        assert found.access_token.isascii()
        assert found.access_token.isprintable()
        assert found.access_token not in repr(found) or len(found.access_token) < 12
        assert found.refresh_token == answer.get("refresh_token", "")
        assert found.id_token or not with_id_token or answer["id_token"] == ""
        assert found.scope is None or " ".join(found.scope).isascii()


TARGETS = [
    Target(
        "discovery",
        pure(metadata),
        "discovery documents",
        "the configured issuer's own; every endpoint https by another parser, without user name; a known algorithm",
        (
            json.dumps(_DOCUMENT).encode(),
            json.dumps(_DOCUMENT | {"jwks_uri": "https://[::1"}).encode(),
            json.dumps(_DOCUMENT | {"token_endpoint": "https://id.example.com\\@evil.example/"}).encode(),
            json.dumps(_DOCUMENT | {"authorization_endpoint": f"{_ISSUER}/a?x=1&x=2", "scopes_supported": {}}).encode(),
            json.dumps(_DOCUMENT | {"id_token_signing_alg_values_supported": [[], None, "none"]}).encode(),
            json.dumps(_DOCUMENT | {"token_endpoint_auth_methods_supported": None, "x": "\ud800"}).encode(),
            b"[]",
            b"NaN",
        ),
    ),
    Target(
        "token_answer",
        pure(tokens),
        "token answers and errors of OpenID providers",
        "the very tokens of the answer, printable; an error that quotes nothing strange",
        (
            json.dumps(_TOKENS).encode(),
            json.dumps(_TOKENS | {"expires_in": "9" * 30}).encode(),
            json.dumps(_TOKENS | {"expires_in": 1e-300, "scope": "a  b"}).encode(),
            json.dumps(_TOKENS).replace("3600", "1e400").encode(),
            b'{"error":"invalid_grant"}',
            b'{"error":["invalid_grant"]}',
            b'{"error":"invalid_client","error_description":5}',
        ),
        longest=1024,
    ),
]
