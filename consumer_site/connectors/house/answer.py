"""The authorization response, however it comes: in the callback's address, or in a form of the provider's.

A form of another site comes without our SameSite=Lax cookies, so that the session that began the sign-in is unknown to
its request. What it holds goes along sealed in a cookie of its own while the browser comes once more, by a link: no
code ever stands in an address (OAuth 2.0 Form Post Response Mode).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import AnswerInvalid, Fault
from consumer_site.pages import see_other
from consumer_site.vault import UnsealError, cipher

COOKIE = "consumer_site_answer"
LIFETIME_SECONDS = 60
_PARAMETERS = ("code", "state", "error", "iss")
_MAX_PARAMETER = 4096
# Sealed and encoded it has to fit into the 4096 bytes that browsers keep of a cookie.
_MAX_CARRIED = 2600


def read(sent: QueryDict) -> dict[str, str]:
    """Return the parameters that count; refuse one that appears twice (RFC 6749 section 3.1) or is absurdly long."""
    answer = {}
    for name in _PARAMETERS:
        values = sent.getlist(name)
        if len(values) > 1 or any(len(value) > _MAX_PARAMETER or "\x00" in value for value in values):
            raise AnswerInvalid(f"callback: {name} is repeated or malformed", fault=Fault.NOBODY, status=400)
        if values:
            answer[name] = values[0]
    return answer


@sensitive_variables()
def carry(request: HttpRequest, answer: Mapping[str, str]) -> HttpResponse:
    """Return the redirect to this same address by which the browser brings its own cookies along."""
    text = json.dumps({"at": int(time.time()), "answer": dict(answer)})
    if len(text) > _MAX_CARRIED:
        raise AnswerInvalid("callback: the form is too long", fault=Fault.PROVIDER, status=400)
    response = see_other(request.path)
    response.set_cookie(
        COOKIE,
        cipher.seal(text, binding=_binding(request)),
        max_age=LIFETIME_SECONDS,
        path=request.path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


@sensitive_variables()
def carried(request: HttpRequest) -> dict[str, str] | None:
    """Return what `carry` sealed for this address less than a minute ago, None where there is nothing such."""
    sealed = request.COOKIES.get(COOKIE)
    if not sealed:
        return None
    try:
        opened = json.loads(cipher.unseal(sealed, binding=_binding(request)))
    except UnsealError:
        return None
    if not 0 <= time.time() - opened["at"] <= LIFETIME_SECONDS:
        return None
    return {str(name): str(value) for name, value in opened["answer"].items()}


def drop(request: HttpRequest, response: HttpResponseBase) -> None:
    """Make the browser forget what it carried."""
    if COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, path=request.path, samesite="Lax")


def _binding(request: HttpRequest) -> str:
    return f"form_post:{request.path}"
