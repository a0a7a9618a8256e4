"""The two steps of a sign-in at the house: to the provider, and back with a code."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login, render_authentication_error
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.utils import respond_to_login_on_get
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView
from django.core.exceptions import MultipleObjectsReturned, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods
from requests import RequestException

from consumer_site.connectors.house import answer as answers
from consumer_site.connectors.house.claims import kept_claims, uid_of
from consumer_site.connectors.house.client import HouseClient, TokenAnswer
from consumer_site.connectors.house.provider import HouseProvider
from consumer_site.errors import (
    AccountUnusable,
    AnswerInvalid,
    AnswerRefused,
    Fault,
    NotConfigured,
    Refused,
    SignInError,
    StateLost,
    Unreachable,
    WrongSender,
)
from consumer_site.models import SessionLink
from consumer_site.openid.entries import FORM_POST, HOUSE
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page
from consumer_site.vault import cipher, without_locals

logger = logging.getLogger("consumer_site.sign_in")

# What of a state has done its work once the tokens are verified; the rest goes on with the sign-in.
_SPENT = frozenset({"pkce_code_verifier", "nonce", "redirect_uri", "scope", "response_mode"})
_ERROR_CODE = re.compile(r"\A[A-Za-z0-9_.-]{1,60}\Z")
_OUR_FAULT = frozenset({"unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type"})
_OUT_OF_ORDER = frozenset({"temporarily_unavailable", "server_error"})


class HouseAdapter(OAuth2Adapter):
    """What allauth's callback machinery needs to know."""

    provider_id = HouseProvider.id


def configured_provider(request: HttpRequest, provider_id: str = "") -> HouseProvider | HttpResponse:
    """Return the entry with this id, empty for the default one, or the page that says that there is not exactly one."""
    unnamed = _("This way of signing in is not set up correctly on this site.")
    fault = NotConfigured("no house entry has this id", public=unnamed, status=404 if provider_id else 503)
    # The default entry has one address, and no connector answers for another.
    if provider_id == HOUSE:
        return sign_in_error_page(request, fault, provider=None)
    try:
        provider = get_adapter(request).get_provider(request, provider_id or HOUSE)
    except SocialApp.DoesNotExist:
        pass
    except MultipleObjectsReturned:
        fault = NotConfigured("several house entries have this id", public=unnamed)
    else:
        if isinstance(provider, HouseProvider):
            return provider
    return sign_in_error_page(request, fault, provider=None)


@never_cache
@login_not_required
@csrf_protect
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest, provider_id: str = "") -> HttpResponse:
    """Send the person to the provider; a GET asks first, so that no foreign page can start a sign-in."""
    provider = configured_provider(request, provider_id)
    if isinstance(provider, HttpResponse):
        return provider
    question: HttpResponse | None = respond_to_login_on_get(request, provider)
    if question is not None:
        harden(question, form_action=provider_form_targets())
        return question
    response: HttpResponse = provider.redirect_from_request(request)
    return response


class HouseCallbackView(OAuth2CallbackView):
    """Receive the person back from the provider."""

    def dispatch(self, request: HttpRequest, *args: Any, provider_id: str = "", **kwargs: Any) -> HttpResponseBase:
        """Finish the sign-in, or say on a page why not."""
        del args, kwargs
        provider = configured_provider(request, provider_id)
        if isinstance(provider, HttpResponse):
            return provider
        state: dict[str, Any] | None = None
        try:
            if request.method == "POST":
                return _take_form(request, provider)
            by_form = answers.carried(request) if not {"state", "code", "error"} & request.GET.keys() else None
            answer = answers.read(request.GET) if by_form is None else by_form
            # The state first: an answer that belongs to no sign-in of this browser is not read any further.
            state = _taken_state(request, provider, answer)
            if state is None and (again := self._redirect_strict_samesite(request, provider)) is not None:
                return again  # type: ignore[no-any-return]  # allauth is untyped
            response = _completed(request, provider, state, answer, mode=FORM_POST if by_form is not None else "query")
        except ImmediateHttpResponse as immediate:
            response = immediate.response
        except (PermissionDenied, RequestException, SignInError) as error:
            context = {"state": state} if state else {}
            response = render_authentication_error(request, provider, exception=error, extra_context=context)
        answers.drop(request, response)
        return response


def _take_form(request: HttpRequest, provider: HouseProvider) -> HttpResponse:
    """Let the browser come again with its own cookies; whose sign-in the form finishes is decided then."""
    if not provider.client().entry.wants_form_post:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return answers.carry(request, answers.read(request.POST))


def _taken_state(request: HttpRequest, provider: HouseProvider, answer: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what this browser's session holds under the answer's state, once; None where it holds nothing."""
    try:
        state: dict[str, Any] = provider.unstash_redirect_state(request, answer.get("state", ""))
    except PermissionDenied:
        return None
    return state


def _completed(
    request: HttpRequest, provider: HouseProvider, state: dict[str, Any] | None, answer: Mapping[str, str], *, mode: str
) -> HttpResponse:
    """Return the end of a sign-in. The checks' order matters: see each step."""
    if state is None or not state.get("issuer"):
        raise StateLost("no such state in this session")
    client = provider.client()
    # Then the sender, also of errors: they may come from another server too (RFC 9207 section 2.4).
    _check_sender(answer, client, state)
    if state.get("response_mode", "query") != mode:
        # Asked for by a form, no code stands in an address, where others may have read it.
        raise AnswerInvalid("callback: not the response mode that was asked for", fault=Fault.NOBODY, status=400)
    if "error" in answer:
        raise _refusal(answer["error"])
    sociallogin = _finish(request, provider, client, state, answer)
    return complete_social_login(request, sociallogin)  # type: ignore[no-any-return]  # allauth is untyped


def _check_sender(answer: Mapping[str, str], client: HouseClient, state: dict[str, Any]) -> None:
    """Refuse an answer of another issuer than the one this sign-in was started at."""
    metadata = client.metadata()
    if state["issuer"] != metadata.issuer:
        raise WrongSender("the configured issuer changed during the sign-in")
    named = answer.get("iss")
    if named is None and metadata.names_itself:
        raise WrongSender("iss is missing though the provider always sends it")
    if named is not None and not constant_time_compare(named, metadata.issuer):
        raise WrongSender("iss is another issuer")


def _refusal(code: str) -> SignInError:
    if code == "access_denied":
        return Refused("error=access_denied")
    detail = f"error={code if _ERROR_CODE.match(code) else 'malformed'}"
    if code in _OUR_FAULT:
        return NotConfigured(detail)
    if code in _OUT_OF_ORDER:
        return Unreachable(detail)
    return AnswerRefused(detail)


@sensitive_variables()
def _finish(
    request: HttpRequest,
    provider: HouseProvider,
    client: HouseClient,
    state: dict[str, Any],
    answer: Mapping[str, str],
) -> SocialLogin:
    """Redeem the code and return the sign-in that its tokens prove."""
    code = answer.get("code")
    if not code:
        raise AnswerInvalid("callback: neither code nor error", fault=Fault.NOBODY, status=400)
    tokens = client.exchange_code(
        code=code, redirect_uri=state["redirect_uri"], code_verifier=state["pkce_code_verifier"]
    )
    claims = _verified_claims(client, tokens, nonce=state["nonce"])
    # Absent means: as requested (RFC 6749 section 5.1).
    granted = tokens.scope if tokens.scope is not None else tuple(state["scope"])
    uid = uid_of(claims["sub"])
    _check_known_issuer(provider, uid=uid, issuer=state["issuer"])
    sociallogin: SocialLogin = provider.sociallogin_from_response(
        request, {"uid": uid, "iss": state["issuer"], "claims": kept_claims(claims, granted=granted)}
    )
    sociallogin.token = SocialToken(
        token=tokens.access_token, token_secret=tokens.refresh_token, expires_at=tokens.expires_at
    )
    sid = claims.get("sid")
    sociallogin.state = {
        **{name: value for name, value in state.items() if name not in _SPENT},
        "subject": claims["sub"],
        "sid": sid if isinstance(sid, str) and len(sid) <= 255 and sid.isprintable() else "",
        "asked_scope": list(state["scope"]),
        "granted_scope": list(granted),
        # Sealed, since a state may wait in the session; shown to the provider at sign-out (id_token_hint).
        "sealed_id_token": cipher.seal(tokens.id_token, binding=SessionLink.ID_TOKEN_BINDING),
    }
    return sociallogin


@sensitive_variables()
def _verified_claims(client: HouseClient, tokens: TokenAnswer, *, nonce: str) -> dict[str, Any]:
    """Return the ID token's claims with those of the userinfo endpoint, which must be about the same subject."""
    claims = client.verified_id_token(tokens, nonce=nonce)
    userinfo = client.userinfo(tokens.access_token, subject=claims["sub"])
    if userinfo is None:
        return claims
    # Signed ones win: userinfo adds to what the ID token says, and must not change it.
    return {**userinfo, **claims, "sid": claims.get("sid", "")}


def _check_known_issuer(provider: HouseProvider, *, uid: str, issuer: str) -> None:
    """Refuse a subject that is known from another issuer: after a change of server_url it may be another person."""
    known = SocialAccount.objects.filter(provider=provider.sub_id, uid=uid).first()
    if known is not None and isinstance(known.extra_data, dict) and known.extra_data.get("iss", issuer) != issuer:
        raise AccountUnusable("the account was connected at another issuer")


oauth2_login = login
# Exempt: a form of the provider's has no token of ours. It changes nothing; the state decides at the GET that follows.
# The frames of a sign-in hold tokens, and a page of development shows the locals of every frame.
_callback = without_locals()(HouseCallbackView.adapter_view(HouseAdapter))
oauth2_callback = csrf_exempt(never_cache(require_http_methods(["GET", "HEAD", "POST"])(_callback)))
