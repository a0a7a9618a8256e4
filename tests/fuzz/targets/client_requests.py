"""What clients send: authorization parameters, the claims parameter, their credentials."""

import base64
import json
from typing import Any
from urllib.parse import quote_plus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import QueryDict
from django.test import RequestFactory

from provider_site.policy import claims_request
from provider_site.policy.claims_request import ClaimsRequest
from provider_site.policy.facts import can_be_stored
from provider_site.protocol import client_authentication
from provider_site.protocol.authorize import parameters
from provider_site.storage import credentials
from tests.fuzz.target import Target, lines, pure, refused

_REDIRECT = "https://app.example.com/callback"
_SCOPE = ["openid", "nickname"]
_FACTORY = RequestFactory(headers={"host": "localhost:8000"})


def authorize(data: bytes) -> None:
    """Read a request as the endpoint does, keep it as JSON, and read it from there."""
    query, body = lines(data, 2)
    sent, repeated = parameters.collect(
        *(
            refused(lambda text=text: QueryDict(text), SuspiciousOperation, BadRequest) or QueryDict()
            for text in (query, body)
        )
    )
    if parameters.unreadable(query, sent) is not None:
        return
    scope = sent.get("scope", "openid").split()
    mode = parameters.response_mode(sent, redirect_uri=_REDIRECT)
    assert mode in parameters.RESPONSE_MODES
    fault = parameters.fault(sent, scope, repeated=repeated, redirect_uri=_REDIRECT)
    if fault is not None:
        assert fault.description.isascii()
        assert '"' not in fault.description
        return
    claims = refused(lambda: parameters.claims_of(sent, scope), claims_request.Malformed)
    if claims is None:
        return
    found = parameters.read(
        sent | {"client_id": sent.get("client_id", "c")},
        redirect_uri=_REDIRECT,
        scope=scope,
        claims=claims,
        obtainable=frozenset({"claim:email", "claim:nickname"}),
        subject=None,
        resource=[],
    )
    kept = json.dumps(found.to_json())
    assert parameters.AuthorizationParameters.from_json(json.loads(kept)) == found
    assert can_be_stored("".join(value for value in found.to_json().values() if isinstance(value, str)))
    assert found.max_age is None or 0 <= found.max_age < 10**9
    assert len(found.state or "") <= 4096
    assert len(found.nonce or "") <= 255
    assert not {"request", "request_uri", "registration"} & {name for name, value in sent.items() if value}
    assert found.code_challenge is None or (found.code_challenge_method == "S256" and len(found.code_challenge) == 43)
    # What oauthlib reads again is what was read.
    again, _repeated = parameters.collect(
        QueryDict("&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in found.query().items())), QueryDict()
    )
    assert again.get("state") == found.state or found.state == ""
    assert again.get("nonce") == found.nonce


def claims(data: bytes) -> None:
    """Read the claims parameter, and compare with what the JSON says."""
    (text,) = lines(data, 1)
    found: ClaimsRequest | None = refused(lambda: claims_request.parse(text), claims_request.Malformed)
    if found is None:
        return
    whole = json.loads(text)
    for name, asked in (("userinfo", found.userinfo), ("id_token", found.id_token)):
        assert set(asked) == set(whole.get(name) or {}), (asked, whole)
        assert len(asked) <= 100
    everything = [*found.userinfo, *found.id_token, *found.acr_values, found.subject or ""]
    assert all(map(can_be_stored, everything)), everything
    named = {value for wish in _wishes(whole) for value in _values(wish)[:1]}
    assert named == ({found.subject} if found.subject is not None else set()), "two people for one"
    assert not found.acr_essential or found.acr_values


def _wishes(whole: dict[str, Any]) -> list[dict[str, Any]]:
    return [((whole.get(name) or {}).get("sub") or {}) for name in ("userinfo", "id_token")]


def _values(wish: dict[str, Any]) -> list[str]:
    several = wish.get("values")
    listed = [wish.get("value"), *(several if isinstance(several, list) else [])]
    return [value for value in listed if isinstance(value, str) and value]


def client(data: bytes) -> None:
    """Read a client's credentials from a header and a form."""
    header, body = lines(data, 2)
    payload = client_authentication.basic_payload(header)
    found = client_authentication.from_basic(payload) if payload is not None else None
    if found is not None:
        assert "\x00" not in found.client_id + found.client_secret
        again = f"{quote_plus(found.client_id)}:{quote_plus(found.client_secret)}"
        assert client_authentication.from_basic(base64.b64encode(again.encode()).decode()) == found
        assert found.client_secret == "" or found.client_secret not in repr(found).removeprefix(
            f"<ClientCredentials {found.client_id}"
        )
    form = "application/x-www-form-urlencoded"
    request = _FACTORY.post("/o/token/", body.encode(), content_type=form, headers={"authorization": header})
    assert isinstance(client_authentication.sent_client_id(request), str)
    if not client_authentication.is_readable(request):
        return
    proof = client_authentication.by_one_method(request)
    if proof is not None and header:
        assert proof == found, "the header alone proves who sent it"
        assert "client_secret" not in request.POST
        assert request.POST.get("client_id", proof.client_id) == proof.client_id


def credential(data: bytes) -> None:
    """Recognise a credential of ours among texts that were found somewhere."""
    (text,) = lines(data, 1)
    prefix = credentials.recognised(text)
    assert prefix is None or text.startswith(prefix)
    assert isinstance(credentials.claims(text), dict)


TARGETS = [
    Target(
        "authorize_parameters",
        pure(authorize),
        "every parameter of an authorization request, from query and form",
        "kept as JSON and read again it is the same request; bounded; storable; no request object passes",
        (
            b"response_type=code&client_id=c&scope=openid+nickname&state=s&nonce=n&code_challenge="
            + b"a" * 43
            + b"&code_challenge_method=S256",
            b"scope=openid&prompt=login+consent&max_age=0&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D&acr_values=1+2",
            b"scope=openid&request=eyJhbGciOiJub25lIn0.eyJyZXNwb25zZV9tb2RlIjoiZm9ybV9wb3N0In0.\nresponse_mode=form_post",
            b"scope=openid&state=%00&state=b\nstate=c",
            b"max_age=%C2%B2&prompt=none+login&code_challenge=",
            b"%zz=1&scope=openid",
        ),
        longest=4096,
    ),
    Target(
        "claims_parameter",
        pure(claims),
        "the claims parameter",
        "asks for the names in the JSON and no other, storable, and for one person at most",
        (
            b'{"userinfo":{"email":{"essential":true},"nickname":null},"id_token":{"acr":{"values":["1","2"],"essential":true}}}',
            b'{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}',
            b'{"userinfo":{"sub":{"values":["\\ud800","\\u0000"]}}}',
            b'{"userinfo":[]}',
            b"[" * 400,
            b'{"a":1,"a":2,"id_token":null}',
            b"NaN",
            b'{"x":1e999,"y":' + b"9" * 200 + b"}",
        ),
        longest=9000,
    ),
    Target(
        "client_credentials",
        pure(client),
        "HTTP Basic, and client_secret_post beside it",
        "encoded again the same pair; header and form never prove two clients; no secret in a repr",
        (
            b"Basic YXBwOnNlY3JldA==\ngrant_type=x&client_id=app",
            b"basic  YTpi\nclient_id=b&client_secret=c",
            b"Basic YQBiOmM=\n",
            b"Basic /w==\nclient_id=%00",
            b"\nclient_id=a&client_secret=b",
            b"Bearer x\nclient_id=\xff",
            b"Basic JTNBOiUzQQ==\n",
        ),
    ),
    Target(
        "leaked_credential",
        pure(credential),
        "texts found where others can read them",
        "what is recognised has the shape it is recognised by",
        (b"psa_x", b"a.e30.c", b"a.W10.c", b"psc_0000000000000000000000", b"a.\xff.c"),
        longest=512,
    ),
]
