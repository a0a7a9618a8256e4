"""The requests a run of the flow makes, sent for real, each with its answer and what it means."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.portal.developer import try_words
from provider_site.services import keys, own_endpoints, try_it
from provider_site.services.try_it import Attempt

_SECRET_NAMES = frozenset({"code", "code_verifier", "access_token", "refresh_token", "id_token"})
_KIND_PREFIX = re.compile(r"[a-z]{4}_")
_SHOWN_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer as it was on the wire, secrets masked, and a sentence for each of its parts."""

    title: str | Promise
    text: str
    parts: list[tuple[str, str | Promise]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the flow: what happened, and what to do where it went wrong."""

    title: str | Promise
    intro: str | Promise = ""
    messages: list[Message] = field(default_factory=list)
    problem: str | Promise = ""


def mask(text: str) -> str:
    """Return the beginning of a secret, enough to tell it from another and to see what kind it is."""
    prefix = _KIND_PREFIX.match(text)
    return text[: (prefix.end() if prefix else 0) + _SHOWN_CHARACTERS] + "…"


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mask(str(value)) if name in _SECRET_NAMES else value for name, value in values.items()}


def _form_text(values: Mapping[str, str], *, first: str = "") -> str:
    """Return form-encoded values one below the other, what is masked with its sign as it is."""
    encoded = {name: quote_plus(value) for name, value in values.items()}
    return first + "\n&".join(f"{name}={value}" for name, value in _masked(encoded).items())


def _explained(names: Iterable[str], words: try_words.Words) -> list[tuple[str, str | Promise]]:
    return [(name, words[name]) for name in names if name in words]


# --- The authorization request ------------------------------------------------------------------------------------


def authorization_parameters(application: Any, attempt: Attempt) -> dict[str, str]:
    """Return the authorization request of an attempt; PKCE always goes with it, waived or not."""
    return {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": try_it.redirect_uri(),
        "scope": " ".join(attempt.scope),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": crypto.code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }


def authorization_url(application: Any, attempt: Attempt) -> str:
    """Return the address the person is sent to."""
    return f"{own_endpoints.address('authorize')}?{urlencode(authorization_parameters(application, attempt))}"


def authorization_request(application: Any, attempt: Attempt) -> Message:
    """Return the authorization request, to be read before it is sent."""
    parameters = authorization_parameters(application, attempt)
    text = f"GET {own_endpoints.address('authorize')}\n{_form_text(parameters, first='?')}"
    return Message(_("Request"), text, _explained(parameters, try_words.AUTHORIZATION_REQUEST))


# --- What comes back ----------------------------------------------------------------------------------------------


def run(request: HttpRequest, *, application: Any, attempt: Attempt, sent: Mapping[str, str]) -> list[Step]:
    """Go on from the answer of the authorization endpoint to the last request; return every step.

    ``sent`` is the answer's query, whose state was found to be the attempt's. The tokens are revoked before this
    returns, or raises.
    """
    steps = [_authorization_answer(sent)]
    if steps[0].problem:
        return steps
    form = {
        "grant_type": "authorization_code",
        "code": sent["code"],
        "redirect_uri": try_it.redirect_uri(),
        "code_verifier": attempt.verifier,
    }
    step, tokens = _token_exchange(request, application, form)
    steps.append(step)
    try:
        if "id_token" in tokens:
            steps.append(_id_token(tokens["id_token"], application, attempt))
        if "access_token" in tokens:
            steps.append(_userinfo(request, tokens["access_token"]))
    finally:
        _revoke(application, tokens)
    return steps


def run_machine(request: HttpRequest, *, application: Any, scope: Iterable[str]) -> list[Step]:
    """Let an application ask for a token of its own (RFC 6749 4.4); the token is revoked before this returns."""
    form = {"grant_type": "client_credentials", "scope": " ".join(scope)}
    step, tokens = _token_exchange(request, application, {name: value for name, value in form.items() if value})
    _revoke(application, tokens)
    return [step]


def _revoke(application: Any, tokens: Mapping[str, Any]) -> None:
    texts = [str(tokens[name]) for name in ("refresh_token", "access_token") if name in tokens]
    try_it.revoke(application=application, texts=texts)


def _authorization_answer(sent: Mapping[str, str]) -> Step:
    shown = {name: value for name, value in sent.items() if name in try_words.AUTHORIZATION_ANSWER}
    text = f"GET {try_it.redirect_uri()}\n{_form_text(shown, first='?')}"
    problem: str | Promise = ""
    if not constant_time_compare(sent.get("iss", ""), provider_settings.issuer):
        problem = _("The answer does not name this site as its issuer, so nothing was done with it.")
    elif "error" in sent:
        problem = try_words.ERRORS.get(sent["error"], try_words.UNKNOWN_ERROR)
    elif not sent.get("code"):
        problem = _("The answer holds neither a code nor an error, so nothing was done with it.")
    return Step(
        title=_("The answer comes back"),
        intro=_("The person’s browser was sent to the redirect URI with this in its address."),
        messages=[Message(_("Answer"), text, _explained(shown, try_words.AUTHORIZATION_ANSWER))],
        problem=problem,
    )


def _token_exchange(request: HttpRequest, application: Any, form: dict[str, str]) -> tuple[Step, dict[str, Any]]:
    """Send a token request as the application; return the step and what the answer held, unmasked."""
    headers = {}
    with ExitStack() as stack:
        authorization = None
        if application.client_type == "confidential":
            secret = stack.enter_context(try_it.stand_in_secret(application=application))
            pair = f"{quote_plus(application.client_id)}:{secret}"
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
            headers["Authorization"] = "Basic …"
        else:
            form = {**form, "client_id": application.client_id}
        response = own_endpoints.send(request, name="token", form=form, authorization=authorization)
    answer: dict[str, Any] = json.loads(response.content)
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    head = "\n".join(f"{name}: {value}" for name, value in headers.items())
    text = f"POST {own_endpoints.address('token')}\n{head}\n\n{_form_text(form)}"
    step = Step(
        title=_("The token request"),
        intro=_("No browser is involved in this: your server asks this site directly."),
        messages=[
            Message(_("Request"), text, _explained([*headers, *form], try_words.TOKEN_REQUEST)),
            _json_answer(response, answer, try_words.TOKEN_ANSWER),
        ],
        problem=try_words.ERRORS.get(answer["error"], try_words.UNKNOWN_ERROR) if "error" in answer else "",
    )
    return step, answer


def _json_answer(response: HttpResponse, answer: Mapping[str, Any], words: try_words.Words) -> Message:
    text = f"{own_endpoints.status_line(response)}\n\n{json.dumps(_masked(answer), indent=2, ensure_ascii=False)}"
    return Message(_("Answer"), text, _explained(answer, words))


def _id_token(text: str, application: Any, attempt: Attempt) -> Step:
    """Check the ID token as an application has to (OpenID Core 3.1.3.7) and take it apart."""
    problem: str | Promise = ""
    claims: dict[str, Any] = {}
    try:
        published = jwt.PyJWKSet.from_dict(keys.published_jwks())
        claims = jwt.decode(
            text,
            published[jwt.get_unverified_header(text)["kid"]],
            algorithms=[application.registration.id_token_alg],
            audience=application.client_id,
            issuer=provider_settings.issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, KeyError):
        problem = _("The ID token does not hold by the published keys. This is this site’s fault.")
    else:
        if not constant_time_compare(str(claims.get("nonce", "")), attempt.nonce):
            problem = _("The ID token carries another nonce than the request. This is this site’s fault.")
    shown = json.dumps(claims, indent=2, ensure_ascii=False)
    return Step(
        title=_("The ID token"),
        intro=_(
            "Your application checks it before it believes it: the signature by the published keys, then issuer, "
            "audience, end and nonce. Each of them was checked here just now."
        ),
        messages=[Message(_("Claims"), shown, _explained(claims, try_words.ID_TOKEN))],
        problem=problem,
    )


def _userinfo(request: HttpRequest, access_token: str) -> Step:
    response = own_endpoints.send(request, name="user-info", authorization=f"Bearer {access_token}")
    text = f"GET {own_endpoints.address('user-info')}\nAuthorization: Bearer {mask(access_token)}"
    if response.status_code == 200:
        answer = _json_answer(response, json.loads(response.content), try_words.USERINFO_ANSWER)
    else:
        challenge = response.headers.get("WWW-Authenticate", "")
        answer = Message(_("Answer"), f"{own_endpoints.status_line(response)}\nWWW-Authenticate: {challenge}", [])
    no_openid = _("Userinfo tells who the person is only to those who asked for the scope openid.")
    return Step(
        title=_("Userinfo"),
        intro=_("What the person allowed you to know, as it is now. Ask again whenever you need it fresh."),
        messages=[Message(_("Request"), text, _explained(["Authorization"], try_words.USERINFO_REQUEST)), answer],
        problem="" if response.status_code == 200 else no_openid,
    )
