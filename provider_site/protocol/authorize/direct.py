"""The authorization request that is granted without a page, answered by two statements: what almost every request is.

The first reads all that it is decided by, once, for ProviderSessionMiddleware too; the second stores the code. What is
answered here, pipeline.py would have answered alike, row for row, by the same policies. At anything else — a person to
be asked or to sign in, an error, a parameter more, a session that has to be made — nothing is written, and the request
goes that way from its beginning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from oauth2_provider.models import AbstractApplication
from oauthlib.uri_validate import is_absolute_uri

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import Consent, DailyCount, Registration
from provider_site.policy import authentication, redirect, scopes
from provider_site.policy import consent as consent_policy
from provider_site.protocol import own_classes
from provider_site.protocol.authorize import answers
from provider_site.protocol.authorize import parameters as parameters_module
from provider_site.protocol.authorize.parameters import AuthorizationParameters
from provider_site.services import audit, sessions, situations, try_it, usage
from provider_site.storage import clients, code_rows, codes
from provider_site.storage.clients import Client
from provider_site.storage.codes import AuthorizationContext

# What makes a request ordinary, and all it may have.
_NEEDED = frozenset({"response_type", "client_id", "redirect_uri", "scope", "code_challenge", "code_challenge_method"})
_KNOWN = _NEEDED | {"state", "nonce"}
# Nothing that oauthlib and Django could read in two ways.
_QUERY = re.compile(r"(?:[A-Za-z0-9._~=&+:/@!*,()-]|%[0-9A-Fa-f]{2})+")
_GROUND = "_provider_site_ground"
# As many bits as oauthlib's own codes have (30 letters and digits).
_CODE_BITS = 178


@dataclass(frozen=True, slots=True)
class _Found:
    """An ordinary request and what it stands on."""

    connection: BaseDatabaseWrapper
    sent: Mapping[str, str]
    ground: code_rows.Ground
    known: sessions.Known


def look_ahead(request: HttpRequest) -> None:
    """Read what an ordinary authorization request is decided by, in place of what every page reads of its session.

    By its parameters alone a request shows what it is; sent to another page, they cost that page nothing.
    """
    if "code_challenge=" not in request.META.get("QUERY_STRING", "") or sessions.is_known(request=request):
        return
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or (sent := _ordinary(request)) is None:
        return
    sid, since = sessions.here(request=request)
    if not sid or not request.user.is_authenticated or (connection := code_rows.connection()) is None:
        return
    client = clients.known(connection, sent["client_id"])
    if client is None:
        return
    ground = code_rows.find_ground(
        connection,
        client=client,
        user_id=request.user.pk,
        sid=sid,
        since=sessions.signed_out_since(request=request, moment=since),
    )
    known = sessions.Known(sid, since, ground.read)
    sessions.note_known(request=request, known=known)
    setattr(request, _GROUND, _Found(connection, sent, ground, known))


def _ordinary(request: HttpRequest) -> Mapping[str, str] | None:
    """Return the parameters of a request that has each once, in plain text, and none but the usual ones."""
    if request.method != "GET" or not _QUERY.fullmatch(request.META["QUERY_STRING"]):
        return None
    query = request.GET
    if not _NEEDED <= query.keys() <= _KNOWN:
        return None
    sent = {}
    for name, values in query.lists():
        [value, *more] = values
        if more or not value.isascii() or not value.isprintable() or not value:
            return None
        sent[name] = value
    return sent if sent["response_type"] == "code" else None


def answer(request: HttpRequest) -> HttpResponse | None:
    """Return the answer to a request, or ``None``: nothing was written, and the request goes the long way."""
    if not own_classes.decide():
        return None
    look_ahead(request)
    found: _Found | None = getattr(request, _GROUND, None)
    if found is None or found.ground.client is None or found.ground.consent is None:
        return None
    client, consent = found.ground.client, found.ground.consent
    if (parameters := _read(request, client, found.sent)) is None or _demands(request, found.known):
        return None
    situation = situations.of(
        application=client.application,
        consent=consent,
        required=found.ground.required | {"openid"},
        taken_back=found.ground.taken_back,
        requested=parameters.scope,
        prompt=parameters.prompt,
        redirect_uri=parameters.redirect_uri,
        decided=False,
    )
    if consent_policy.decide(situation) is not consent_policy.Outcome.GRANTED or situation.past is None:
        return None
    granted = [name for name in parameters.scope if name in situation.past.granted]
    if not granted:
        return None
    return _granted(request, found, consent, parameters, granted)


def _read(request: HttpRequest, client: Client, sent: Mapping[str, str]) -> AuthorizationParameters | None:
    """Return the parameters of a request that the client may make of anybody; ``None``: it is not for here."""
    application, uri, scope = client.application, sent["redirect_uri"], sent["scope"].split(" ")
    if (
        client.registration.status != Registration.Status.APPROVED  # one that is not serves its own people alone
        or type(application).is_usable is not AbstractApplication.is_usable
        or not application.allows_grant_type(AbstractApplication.GRANT_AUTHORIZATION_CODE)
        or not redirect.matches(uri, application.redirect_uris.split())
        or try_it.is_redirect_uri(uri)
        or not _is_absolute(uri)
        or not scopes.catalog().keys() & client.registered >= (names := set(scope))
        or len(names) < len(scope)
        or parameters_module.unreadable(request.META["QUERY_STRING"], dict(sent)) is not None
        or parameters_module.fault(dict(sent), scope, repeated=[], redirect_uri=uri) is not None
    ):
        return None
    return AuthorizationParameters(
        client_id=sent["client_id"],
        redirect_uri=uri,
        redirect_uri_given=True,
        scope=scope,
        state=sent.get("state"),
        nonce=sent.get("nonce"),
        code_challenge=sent["code_challenge"],
        code_challenge_method=sent["code_challenge_method"],
    )


@lru_cache(maxsize=2048)
def _is_absolute(uri: str) -> bool:
    """Tell whether oauthlib takes a redirect URI for absolute: its pattern costs as much as a statement."""
    return bool(is_absolute_uri(uri))


def _demands(request: HttpRequest, known: sessions.Known) -> bool:
    """Tell whether the person has to prove anything first."""
    situation = authentication.Situation(
        signed_in=request.user.is_authenticated,
        session_ended=known.is_ended,
        auth_time=known.since,
        began=timezone.now(),
        resumed=False,
    )
    return authentication.demand(situation) is not None


def _granted(
    request: HttpRequest, found: _Found, consent: Consent, parameters: AuthorizationParameters, granted: list[str]
) -> HttpResponse | None:
    session = sessions.open_session(request=request, known=found.known)
    if session is None:
        return None
    now, code = timezone.now(), crypto.random_text(_CODE_BITS)
    code_rows.store(
        found.connection,
        code_digest=crypto.digest(code),
        user=request.user,
        redirect_uri=parameters.redirect_uri,
        scope=" ".join(granted),
        code_challenge=parameters.code_challenge or "",
        sealed_claims=json.dumps(codes.sealed(parameters.nonce) if parameters.nonce else {}),
        context=AuthorizationContext(
            consent=consent,
            session=session,
            acr=authentication.context(session.amr, wanted=()),
            address=audit.address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        ),
        expires_at=now + provider_settings.authorization_code_lifetime,
        now=now,
    )
    usage.count(kind=DailyCount.Kind.SIGN_IN, application_id=consent.application_id)
    told: dict[str, Any] = {"code": code, "state": parameters.state}
    if "openid" in granted:
        told["session_state"] = sessions.session_state(
            request=request, client_id=parameters.client_id, redirect_uri=parameters.redirect_uri
        )
    return answers.to_client(request, parameters.redirect_uri, told)
