"""The two steps of a sign-in at the house: to the provider, and back with a code."""

from __future__ import annotations

import logging
import re
from typing import Any

from allauth.account.internal.decorators import login_not_required
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login, render_authentication_error
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.utils import respond_to_login_on_get
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView
from django.core.exceptions import MultipleObjectsReturned, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from requests import RequestException

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
from consumer_site.jose import TokenInvalid, verify_id_token
from consumer_site.pages import harden, provider_form_targets, sign_in_error_page

logger = logging.getLogger("consumer_site.sign_in")

_PARAMETERS = ("code", "state", "error", "iss")
_MAX_PARAMETER = 4096
# What of a state has done its work once the tokens are verified; the rest goes on with the sign-in.
_SPENT = frozenset({"pkce_code_verifier", "nonce", "redirect_uri", "scope"})
_ERROR_CODE = re.compile(r"\A[A-Za-z0-9_.-]{1,60}\Z")
_OUR_FAULT = frozenset({"unauthorized_client", "invalid_request", "invalid_scope", "unsupported_response_type"})
_OUT_OF_ORDER = frozenset({"temporarily_unavailable", "server_error"})


class HouseAdapter(OAuth2Adapter):
    """What allauth's callback machinery needs to know."""

    provider_id = HouseProvider.id


def configured_provider(request: HttpRequest) -> HouseProvider | HttpResponse:
    """Return the configured provider, or the page that says that there is not exactly one."""
    try:
        provider: HouseProvider = get_adapter(request).get_provider(request, HouseProvider.id)
    except SocialApp.DoesNotExist:
        fault = NotConfigured("no house entry is configured")
    except MultipleObjectsReturned:
        fault = NotConfigured("several house entries are configured")
    else:
        return provider
    return sign_in_error_page(request, fault, provider=None)


@never_cache
@login_not_required
@csrf_protect
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider; a GET asks first, so that no foreign page can start a sign-in."""
    provider = configured_provider(request)
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

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Finish the sign-in, or say on a page why not. The checks' order matters: see each step."""
        del args, kwargs
        provider = configured_provider(request)
        if isinstance(provider, HttpResponse):
            return provider
        state: dict[str, Any] | None = None
        try:
            _check_shape(request)
            # The state first: an answer that belongs to no sign-in of this browser is not read any further.
            state, response = self._get_state(request, provider)
            if response is not None:
                return response  # type: ignore[no-any-return]  # allauth is untyped
            if state is None or not state.get("issuer"):
                raise StateLost("the state holds no sign-in at the house")
            client = provider.client()
            # Then the sender, also of errors: they may come from another server too (RFC 9207 section 2.4).
            _check_sender(request, client, state)
            if "error" in request.GET:
                raise _refusal(request.GET["error"])
            sociallogin = _finish(request, provider, client, state)
            return complete_social_login(request, sociallogin)  # type: ignore[no-any-return]  # allauth is untyped
        except ImmediateHttpResponse as immediate:
            return immediate.response  # type: ignore[no-any-return]  # allauth is untyped
        except (PermissionDenied, RequestException, SignInError) as error:
            context = {"state": state} if state else {}
            return render_authentication_error(  # type: ignore[no-any-return]  # allauth is untyped
                request, provider, exception=error, extra_context=context
            )


def _check_shape(request: HttpRequest) -> None:
    """Refuse parameters that appear twice (RFC 6749 section 3.1) or are absurdly long."""
    for name in _PARAMETERS:
        values = request.GET.getlist(name)
        if len(values) > 1 or any(len(value) > _MAX_PARAMETER or "\x00" in value for value in values):
            raise AnswerInvalid(f"callback: {name} is repeated or malformed", fault=Fault.NOBODY, status=400)


def _check_sender(request: HttpRequest, client: HouseClient, state: dict[str, Any]) -> None:
    """Refuse an answer of another issuer than the one this sign-in was started at."""
    metadata = client.metadata()
    if state["issuer"] != metadata.issuer:
        raise WrongSender("the configured issuer changed during the sign-in")
    named = request.GET.get("iss")
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
def _finish(request: HttpRequest, provider: HouseProvider, client: HouseClient, state: dict[str, Any]) -> SocialLogin:
    """Redeem the code and return the sign-in that its tokens prove."""
    code = request.GET.get("code")
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
        "granted_scope": list(granted),
    }
    return sociallogin


@sensitive_variables()
def _verified_claims(client: HouseClient, tokens: TokenAnswer, *, nonce: str) -> dict[str, Any]:
    """Return the ID token's claims with those of the userinfo endpoint, which must be about the same subject."""
    metadata = client.metadata()
    try:
        claims = verify_id_token(
            tokens.id_token,
            issuer=metadata.issuer,
            client_id=client.client_id,
            nonce=nonce,
            keys=client.keys(),
            access_token=tokens.access_token,
            algorithms=metadata.algorithms,
        )
    except TokenInvalid as error:
        raise AnswerInvalid(f"id token: {error}", code="id_token_invalid") from None
    userinfo = client.userinfo(tokens.access_token)
    if userinfo is None:
        return claims
    # Without this comparison another person's userinfo could be swapped in (OpenID Connect Core section 5.3.2).
    if userinfo.get("sub") != claims["sub"]:
        raise AnswerInvalid("userinfo: sub differs from the ID token's", code="userinfo_invalid")
    # Signed ones win: userinfo adds to what the ID token says, and must not change it.
    return {**userinfo, **claims, "sid": claims.get("sid", "")}


def _check_known_issuer(provider: HouseProvider, *, uid: str, issuer: str) -> None:
    """Refuse a subject that is known from another issuer: after a change of server_url it may be another person."""
    known = SocialAccount.objects.filter(provider=provider.sub_id, uid=uid).first()
    if known is not None and isinstance(known.extra_data, dict) and known.extra_data.get("iss", issuer) != issuer:
        raise AccountUnusable("the account was connected at another issuer")


oauth2_login = login
oauth2_callback = never_cache(require_safe(HouseCallbackView.adapter_view(HouseAdapter)))
