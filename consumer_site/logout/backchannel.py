"""Take a provider's word, from server to server, that somebody signed out there (Back-Channel Logout 1.0)."""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import parse_qsl

from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from requests import RequestException

from consumer_site.errors import SignInError
from consumer_site.jose import KeyUnknown, TokenInvalid
from consumer_site.logout import sessions
from consumer_site.logout.tokens import LogoutToken, verify_logout_token
from consumer_site.models import LogoutReceipt
from consumer_site.openid.entries import Entry, entry_for

logger = logging.getLogger("consumer_site.logout")

# No token is taken for longer than a day after its iat, however late it says it expires.
KEPT = timedelta(hours=25)
_MAX_BODY = 64 * 1024
_MAX_FIELDS = 50
_FORM = "application/x-www-form-urlencoded"
_RETRY_SECONDS = "60"


class RequestInvalid(Exception):
    """The request is none that section 2.5 describes; the message says why."""


# Exempt from the CSRF check: nothing is done for a cookie here, only for a signed token.
@csrf_exempt
@transaction.non_atomic_requests  # what is done is to be seen by other processes before the answer
@login_not_required
@sensitive_post_parameters()
def backchannel_logout(request: HttpRequest, provider_id: str = "") -> HttpResponse:
    """End the sessions that a logout token names; answer 200, 400, or 503 where the provider should try again."""
    entry = entry_for(provider_id, request)
    if entry is None:
        raise Http404
    if request.method != "POST":
        response = _answer(405, "invalid_request", "a logout token comes by POST")
        response["Allow"] = "POST"
        return response
    return _judged(request, entry)


@sensitive_variables()
def _judged(request: HttpRequest, entry: Entry) -> HttpResponse:
    try:
        token = verify_logout_token(_read(request), entry=entry)
    except KeyUnknown as error:
        return _put_off(entry, str(error))
    except (RequestInvalid, TokenInvalid) as error:
        logger.warning("back-channel logout refused: provider=%s reason=%s", entry.provider_id, error)
        return _answer(400, "invalid_request", str(error))
    except (SignInError, RequestException) as error:
        return _put_off(entry, error.detail if isinstance(error, SignInError) else str(error))
    ended = obey(token, provider=entry.provider_id)
    if ended is None:
        logger.info("back-channel logout repeated: provider=%s", entry.provider_id)
    else:
        logger.info("back-channel logout: provider=%s sessions=%d", entry.provider_id, ended)
    return _answer(200)


def _put_off(entry: Entry, reason: str) -> HttpResponse:
    """Ask for another attempt: 400 would end the provider's, and leave the person signed in here."""
    logger.warning("back-channel logout put off: provider=%s reason=%s", entry.provider_id, reason)
    response = _answer(503, "temporarily_unavailable", "the keys to verify the token with can't be read")
    response["Retry-After"] = _RETRY_SECONDS
    return response


def obey(token: LogoutToken, *, provider: str) -> int | None:
    """End the sessions that the token names and return how many; None when it was obeyed before."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                # First: the same token in another process waits here until the sessions are gone, or comes to nothing.
                receipt = LogoutReceipt.objects.create(
                    digest=token.digest,
                    issuer=token.issuer[:255],  # of a longer one there are no sessions, and the digest is of all of it
                    subject=token.subject,
                    sid=token.sid,
                    expires_at=timezone.now() + KEPT,
                )
        except IntegrityError:
            return None
        ended = _end(token, provider)
        LogoutReceipt.objects.filter(pk=receipt.pk).update(sessions_ended=ended)
    # Once more: a sign-in may have written its session after these were read, and looked for the receipt too early.
    late = _end(token, provider)
    if late:
        LogoutReceipt.objects.filter(pk=receipt.pk).update(sessions_ended=ended + late)
    return ended + late


def _end(token: LogoutToken, provider: str) -> int:
    return sessions.end(issuer=token.issuer, sid=token.sid, subject=token.subject, provider=provider)


def _read(request: HttpRequest) -> str:
    """Return the token of the form; raise RequestInvalid."""
    if request.content_type != _FORM:
        raise RequestInvalid(f"the body is not {_FORM}")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > _MAX_BODY:
        raise RequestInvalid("the body is too long")
    try:
        fields = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except (ValueError, OSError):
        raise RequestInvalid("the body is no form") from None
    tokens = [value for name, value in fields if name == "logout_token"]
    if len(tokens) != 1:
        raise RequestInvalid("the body holds no logout_token, or several")
    return tokens[0]


def _answer(status: int, error: str = "", description: str = "") -> HttpResponse:
    """Return an answer that nobody keeps (section 2.8)."""
    if error:
        response: HttpResponse = JsonResponse({"error": error, "error_description": description}, status=status)
    else:
        response = HttpResponse(status=status, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    return response
