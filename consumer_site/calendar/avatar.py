"""Keep a copy of a person's avatar, drawn anew, and serve it from here: no page asks another site for a picture."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from requests import RequestException

from consumer_site.calendar.pictures import NotAPicture, redrawn
from consumer_site.conf import consumer_settings
from consumer_site.http import OutboundSession
from consumer_site.models import AvatarCopy
from consumer_site.openid.entries import entry_for
from consumer_site.provider_calls import origin_of

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount

logger = logging.getLogger("consumer_site.calendar")

REFRESH_AFTER = timedelta(days=1)
RETRY_AFTER = timedelta(minutes=10)
_TYPE = "image/png"


def current_copy(account: SocialAccount, address: str | None) -> AvatarCopy | None:
    """Return our copy of the picture at `address`, fetched when it is new, old or failed a while ago; None for none."""
    if not address:
        AvatarCopy.objects.filter(account=account).delete()
        return None
    copy = AvatarCopy.objects.filter(account=account).first()
    if copy is None or copy.source != address or timezone.now() - copy.fetched_at >= _lifetime(copy):
        copy = _fetch_once(account, address, copy)
    return copy if copy is not None and copy.content_type else None


def _fetch_once(account: SocialAccount, address: str, copy: AvatarCopy | None) -> AvatarCopy | None:
    """Fetch, unless another request of this person does already: a slow host must not hold every worker."""
    key = f"consumer_site:avatar:{account.pk}"
    if not cache.add(key, 1, timeout=2 * consumer_settings.HTTP_TOTAL_TIMEOUT):
        return copy
    try:
        return _fetch(account, address, previous=copy if copy and copy.source == address else None)
    finally:
        cache.delete(key)


def _lifetime(copy: AvatarCopy) -> timedelta:
    return REFRESH_AFTER if copy.content_type else RETRY_AFTER


def _fetch(account: SocialAccount, address: str, *, previous: AvatarCopy | None) -> AvatarCopy | None:
    content = _download(address, public_only=not _is_issuers_own(account, address))
    if not content and previous is not None and previous.content_type:
        # Better yesterday's picture than none; asked for again tomorrow.
        previous.fetched_at = timezone.now()
        previous.save(update_fields=["fetched_at"])
        return previous
    try:
        copy, _created = AvatarCopy.objects.update_or_create(
            account=account,
            defaults={
                "source": address,
                "content": content,
                "content_type": _TYPE if content else "",
                "digest": hashlib.sha256(content).hexdigest() if content else "",
                "fetched_at": timezone.now(),
            },
        )
    except IntegrityError:  # the account was disconnected meanwhile
        return None
    return copy


def _is_issuers_own(account: SocialAccount, address: str) -> bool:
    """Return whether a picture lies at the OpenID provider itself, which may be in a private network of this site's.

    Elsewhere it is often the person who chose the address: it must not reach what only this site can reach.
    """
    entry = entry_for(account.provider)
    return entry is not None and origin_of(entry.server_url) == origin_of(address)


def _download(address: str, *, public_only: bool) -> bytes:
    """Return the picture, empty when there is none that may be kept."""
    try:
        # Pictures often lie on another host than the provider; every hop is guarded.
        with OutboundSession(cross_origin=True, public_only=public_only) as session:
            response = session.get(address, headers={"Accept": "image/webp,image/png,image/jpeg,image/gif"})
    except RequestException as error:
        logger.info("avatar not fetched: %s", error)
        return b""
    content = response.content
    if response.status_code != 200 or len(content) > consumer_settings.AVATAR_MAX_BYTES:
        logger.info("avatar refused: status %s, %s bytes", response.status_code, len(content))
        return b""
    try:
        return redrawn(content)
    except NotAPicture as error:
        logger.info("avatar refused: %s bytes that are no picture: %s", len(content), error)
        return b""


@login_not_required  # so that it is 404 rather than a redirect for whoever may not see it
@require_safe
def picture(request: HttpRequest, digest: str) -> HttpResponse:
    """Serve the signed-in person's own picture; everybody else's does not exist."""
    copies = AvatarCopy.objects.filter(account__user_id=request.user.pk) if request.user.is_authenticated else ()
    for copy in copies:
        if copy.content_type and constant_time_compare(copy.digest, digest):
            # Drawn anew, and still it may be shown as a picture and as nothing else.
            return HttpResponse(
                bytes(copy.content),
                content_type=copy.content_type,
                headers={
                    "X-Content-Type-Options": "nosniff",
                    "Content-Disposition": "inline",
                    "Content-Security-Policy": "default-src 'none'; sandbox",
                    "Cross-Origin-Resource-Policy": "same-origin",
                    "Cache-Control": "private, max-age=86400, immutable",
                },
            )
    raise Http404
