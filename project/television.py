"""A television of the demonstration: the calendar signs in by a code on another screen (RFC 8628).

It stands for a device and shares nothing with the calendar's accounts. Served where the sandbox and both sites are.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import qrcode
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from qrcode.image.svg import SvgPathImage

from consumer_site.http import OutboundSession, json_object
from consumer_site.pages import page
from outbound_http.errors import OutboundError

CLIENT_ID = "zhaoxi-television"
SCOPES = {"openid": True, "nickname": False}

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SESSION_KEY = "project.television"
_GO_ON = frozenset({"authorization_pending", "slow_down"})
_OUTCOMES = {"access_denied": "refused", "expired_token": "over"}


@never_cache
@login_not_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show what is on: the code to enter, who was signed in, or how it ended."""
    state = _looked_after(request)
    code = _picture(state["complete"]) if state.get("phase") == "waiting" else ""
    return page(request, "project/television.html", {"state": state, "picture": code})


@never_cache
@login_not_required
@require_safe
def phase(request: HttpRequest) -> HttpResponse:
    """Tell the page's script whether anything has changed."""
    return JsonResponse({"phase": _looked_after(request).get("phase", "off")})


@login_not_required
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Ask the provider for codes."""
    answer = _call("/o/device_authorization/", {"client_id": CLIENT_ID, "scope": " ".join(SCOPES)}, request)
    request.session[_SESSION_KEY] = secrets.token_urlsafe()
    if "device_code" not in answer:
        _keep(request, {"phase": "broken"})
    else:
        names = {"code": "user_code", "address": "verification_uri", "complete": "verification_uri_complete"}
        shown = {name: answer[theirs] for name, theirs in names.items()}
        interval = answer.get("interval", 5)
        kept = {"device_code": answer["device_code"], "interval": interval, "next": time.time() + interval}
        _keep(request, {"phase": "waiting", **shown, **kept})
    return _back()


@login_not_required
@require_POST
def switch_off(request: HttpRequest) -> HttpResponse:
    """Forget everything."""
    cache.delete(_key(request))
    request.session.pop(_SESSION_KEY, None)
    return _back()


def _looked_after(request: HttpRequest) -> dict[str, Any]:
    """Return what is on, after a poll where one is due."""
    state: dict[str, Any] = cache.get(_key(request)) or {}
    if state.get("phase") != "waiting" or time.time() < state["next"]:
        return state
    answer = _call(
        "/o/token/", {"grant_type": _GRANT, "client_id": CLIENT_ID, "device_code": state["device_code"]}, request
    )
    error = answer.get("error")
    if error in _GO_ON:
        state["interval"] += 5 if error == "slow_down" else 0
        state["next"] = time.time() + state["interval"]
    elif error is not None:
        state = {"phase": _OUTCOMES.get(error, "broken")}
    else:
        with OutboundSession() as session:
            bearer = {"Authorization": f"Bearer {answer['access_token']}"}
            person = json_object(session.get(f"{settings.PROVIDER_URL}/o/userinfo/", headers=bearer))
        state = {"phase": "on", "nickname": person.get("nickname", "")}
    _keep(request, state)
    return state


def _call(address: str, form: dict[str, str], request: HttpRequest) -> dict[str, Any]:
    """Post to the provider as this browser's device; a call that fails is an answer too."""
    headers = {"User-Agent": request.headers.get("User-Agent", "")}
    try:
        with OutboundSession() as session:
            return dict(json_object(session.post(settings.PROVIDER_URL + address, data=form, headers=headers)))
    except OutboundError as error:
        return {"error": error.code}


def _key(request: HttpRequest) -> str:
    return f"{_SESSION_KEY}.{request.session.get(_SESSION_KEY, '')}"


def _keep(request: HttpRequest, state: dict[str, Any]) -> None:
    # Not in the session: the device code is a secret.
    cache.set(_key(request), state, 3600)


def _back() -> HttpResponse:
    response = HttpResponseRedirect(reverse("television"))
    response.status_code = 303
    return response


def _picture(address: str) -> SafeString:
    """Return an address as a QR code, dark on light whatever the page's colours: cameras want it so."""
    drawn = qrcode.make(address, image_factory=SvgPathImage, border=4)
    return mark_safe(drawn.to_string(encoding="unicode"))


urls = [
    path("tv/", show, name="television"),
    path("tv/phase/", phase, name="television-phase"),
    path("tv/begin/", begin, name="television-begin"),
    path("tv/off/", switch_off, name="television-off"),
]
