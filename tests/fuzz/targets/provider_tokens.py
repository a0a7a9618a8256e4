"""Tokens that the provider is shown as its own: hints at sign-in and sign-out, access tokens that are JWTs."""

import json
import time
import uuid
from typing import Any

from django.db import transaction
from django.http import QueryDict

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.errors import SignedTokenRefused
from provider_site.models import SigningKey
from provider_site.protocol.logout.requests import LogoutRefused, read
from provider_site.services import keys
from tests import factories
from tests.fuzz import token_maker
from tests.fuzz.target import Run, Target, refused

_CLIENT, _AFTER = "fuzzed-client", "https://app.example.com/bye"
_CLAIMS = {
    "iss": "http://localhost:8000",
    "sub": "s",
    "aud": _CLIENT,
    "iat": 1_700_000_000,
    "exp": 4_000_000_000,
    "sid": str(uuid.UUID(int=1)),
}


def _rows() -> list[SigningKey]:
    made = []
    for alg in token_maker.ALGORITHMS:
        jwk = token_maker.public_jwk(alg)
        made.append(SigningKey(kid=jwk["kid"], alg=alg, status="active", sealed_private_key="", public_jwk=jwk))
    return made


def _check(claims: dict[str, Any], token: str, alg: str, *, own: bool, typ: str) -> None:
    assert own, f"a token that was not signed here is believed: {token}"
    header = crypto.header_of(token)
    assert header["alg"] == alg
    assert header["typ"] == typ
    assert claims["iss"] == provider_settings.issuer
    assert "iat" in claims


def build() -> Run:
    """Return what verifies a token as a hint, as one for an audience, and as another kind of token."""

    def run(data: bytes) -> None:
        token, alg, own = token_maker.made(data)
        with transaction.atomic():
            SigningKey.objects.bulk_create(_rows())
            for typ in ("JWT", "at+jwt"):
                hint = refused(lambda typ=typ: keys.verify(token, allow_expired=True, typ=typ), SignedTokenRefused)
                strict = refused(lambda typ=typ: keys.verify(token, audience=_CLIENT, typ=typ), SignedTokenRefused)
                for claims in (hint, strict):
                    if claims is not None:
                        _check(claims, token, alg, own=own, typ=typ)
                if strict is not None:
                    audience = strict["aud"]
                    assert _CLIENT in ([audience] if isinstance(audience, str) else audience)
                    assert float(strict["exp"]) > time.time() - 60
            transaction.set_rollback(True)

    return run


def build_logout() -> Run:
    """Return what reads a sign-out request with a hint, parameter by parameter."""

    def run(data: bytes) -> None:
        token, _alg, own = token_maker.made(data)
        with transaction.atomic():
            application = factories.make_application(redirect_uris=["https://app.example.com/cb"]).application
            application.client_id, application.post_logout_redirect_uris = _CLIENT, _AFTER
            application.save()
            SigningKey.objects.bulk_create(_rows())
            after = json.dumps(data.decode("latin-1"))[:60]
            for sent in (
                {"id_token_hint": token, "post_logout_redirect_uri": _AFTER, "state": after},
                {"id_token_hint": token, "client_id": _CLIENT},
                {"client_id": token[:200], "post_logout_redirect_uri": _AFTER + after},
            ):
                form = QueryDict(mutable=True)
                form.update(sent)
                found = refused(lambda form=form: read(form), LogoutRefused)
                if found is None:
                    continue
                assert found.redirect_uri in {"", _AFTER}
                assert not found.hinted or own
                assert not found.redirect_uri or found.application is not None
                assert found.sid is None or isinstance(found.sid, uuid.UUID)
                found.sealed()
            transaction.set_rollback(True)

    return run


TARGETS = [
    Target(
        "provider_token",
        build,
        "id_token_hint and signed access tokens (services.keys.verify)",
        "what is believed was signed here by the key and algorithm it names, has the type asked for, our issuer, and "
        "where asked the audience and a time to come",
        (*token_maker.seeds(_CLAIMS), *token_maker.seeds(_CLAIMS, typ="at+jwt")[:4]),
        needs_database=True,
    ),
    Target(
        "logout_request",
        build_logout,
        "sign-out requests (RP-Initiated Logout)",
        "leads to the registered address alone; a hint counts where it was signed here",
        (*token_maker.seeds(_CLAIMS), *token_maker.seeds(_CLAIMS | {"sid": 5, "aud": []})[:1]),
        needs_database=True,
    ),
]
