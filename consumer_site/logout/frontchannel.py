"""Take a provider's word, by a frame in the person's browser, that they signed out there (Front-Channel Logout 1.0).

Anybody can open this address, so all that it can do is end a session whose id at the provider they know. That id is in
tokens between provider and clients, and in these frames alone. One that is short enough to be guessed ends nothing
here; the back channel, which is signed, takes any.
"""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from consumer_site.logout import sessions
from consumer_site.openid.entries import Entry, entry_for
from consumer_site.provider_calls import origin_of

logger = logging.getLogger("consumer_site.logout")

# 16 random characters of a hexadecimal id are 64 bits: a million guesses a second need 300 000 years.
_SHORTEST_SID = 16
_LONGEST_SID = 255


@login_not_required
@require_GET
def frontchannel_logout(request: HttpRequest, provider_id: str = "") -> HttpResponse:
    """End the one session that `iss` and `sid` name; answer 200 whether or not there was one, 400 to a malformed one.

    Cookies are not looked at: browsers send none into a frame of another site, and where one comes along, any link
    could sign people out (section 3 leaves `iss` and `sid` away then, and nothing happens here).
    """
    entry = entry_for(provider_id, request)
    if entry is None:
        raise Http404
    named = [request.GET.getlist(name) for name in ("iss", "sid")]
    issuer, sid = (values[0] if len(values) == 1 else "" for values in named)
    if not issuer or not 0 < len(sid) <= _LONGEST_SID or not sid.isprintable():
        return _empty(entry, status=400)
    if issuer == entry.server_url and len(sid) >= _SHORTEST_SID:
        ended = sessions.end(issuer=issuer, sid=sid, provider=entry.provider_id)
        logger.info("front-channel logout: provider=%s sessions=%d", entry.provider_id, ended)
    return _empty(entry, status=200)


def _empty(entry: Entry, *, status: int) -> HttpResponse:
    """Return a page without content, which a page of the issuer's origin may frame, and no other."""
    response = HttpResponse(status=status, content_type="text/plain; charset=utf-8")
    response["Content-Security-Policy"] = f"default-src 'none'; frame-ancestors {origin_of(entry.server_url)}"
    # Django's middleware would forbid every frame, and older browsers would heed it.
    response.xframe_options_exempt = True
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    return response
