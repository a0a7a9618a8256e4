"""Know which session here a connected account opened, and end it with the account or at its provider's word.

The row of SessionLink is the truth: a session carries the number of its row, and without that row it is signed out at
its next request (see middleware.py), whatever a cache or a parallel request has kept of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from consumer_site import vault
from consumer_site.errors import AccountRace, Fault, SignInError
from consumer_site.models import LogoutReceipt, SessionLink, StoredToken
from consumer_site.openid.entries import HOUSE
from consumer_site.vault import cipher

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.http import HttpRequest

# The key under which a sign-in's state holds when it left for the provider: seconds, by this site's own clock.
STARTED_AT = "started_at"
COOKIE_ENGINE = "django.contrib.sessions.backends.signed_cookies"
_MARK = "consumer_site_session_link"
_LONGEST = 255


class SessionEnded(SignInError):
    """The provider said that the session was signed out while the sign-in from it was still under way."""

    code = "session_ended"
    status = 409
    fault = Fault.NOBODY
    title = _("You were signed out meanwhile")
    public = _("You were signed out at %(provider)s before this sign-in was finished, so it ended too.")
    advice = _("Sign in again, if you want to.")


def bind(request: HttpRequest, user: Any, sociallogin: SocialLogin) -> SessionLink | None:
    """Note which account, and which session of an OpenID provider, has opened this one; None where it can't be.

    Raise SessionEnded when a logout token has ended that session since the sign-in left for the provider, AccountRace
    when the account opens nothing for this person any more.
    """
    state, session_key = sociallogin.state, request.session.session_key
    # Empty for QQ, WeChat and GitHub, whose sessions end with their account alone.
    issuer = state.get("issuer") or ""
    # A session that lives in a cookie has no row, and can't be ended from here.
    if not session_key or len(issuer) > _LONGEST or settings.SESSION_ENGINE == COOKIE_ENGINE:
        return None
    try:
        with transaction.atomic():
            _own(request).delete()
            link = SessionLink.objects.create(
                session_key=session_key,
                user=user,
                account=sociallogin.account,
                provider=sociallogin.account.provider,
                issuer=issuer,
                subject=state.get("subject", ""),
                sid=state.get("sid", ""),
                sealed_id_token=state.get("sealed_id_token", ""),
            )
    except IntegrityError as error:
        raise AccountRace("the account was disconnected during the sign-in") from error
    request.session[_MARK] = link.pk
    # After the commit, as `end` looks once more after its own: one of the two sees the other.
    if _was_ended_since(link, started_at=state.get(STARTED_AT)):
        link.delete()
        raise SessionEnded("a logout token arrived during the sign-in")
    if not SocialAccount.objects.filter(pk=link.account_id, user=user).exists():
        link.delete()
        raise AccountRace("the account was disconnected or moved during the sign-in")
    return link


def _was_ended_since(link: SessionLink, *, started_at: object) -> bool:
    """Return whether a token about this session arrived after the sign-in began; an earlier one was about another."""
    if not link.issuer or not isinstance(started_at, (int, float)) or not 0 < started_at <= time.time() + 1:
        return False
    about = Q(sid="", subject=link.subject)
    if link.sid:
        about |= Q(sid=link.sid)
    began = datetime.fromtimestamp(started_at, tz=UTC)
    return LogoutReceipt.objects.filter(about, issuer=link.issuer, received_at__gte=began).exists()


def link_of(request: HttpRequest) -> SessionLink | None:
    """Return what opened this browser's session, None when that was no connected account."""
    if not request.user.is_authenticated:
        return None
    return _own(request).first()


def release(request: HttpRequest) -> None:
    """Forget what opened this browser's session, which ends."""
    _own(request).delete()


def keep(request: HttpRequest, *, without: SocialAccount) -> None:
    """Let this browser's session go on when the account that opened it was disconnected in it.

    Not when another account was: then it was ended elsewhere at the same moment.
    """
    records = get_authentication_records(request, request.user)
    opened_by = {(record.get("provider"), record.get("uid")) for record in records}
    if (without.provider, without.uid) in opened_by and was_ended(request):
        del request.session[_MARK]


def _own(request: HttpRequest) -> QuerySet[SessionLink]:
    session_key, mark = request.session.session_key, request.session.get(_MARK)
    own = Q(pk__in=[])
    if session_key:
        own |= Q(session_key=session_key)
    if isinstance(mark, int):
        own |= Q(pk=mark)
    return SessionLink.objects.filter(own)


def was_ended(request: HttpRequest) -> bool:
    """Return whether the provider has ended this browser's session, though something kept its content."""
    mark = request.session.get(_MARK)
    return mark is not None and not (isinstance(mark, int) and SessionLink.objects.filter(pk=mark).exists())


def follow(request: HttpRequest) -> None:
    """Note the session's new key; empty the session when it was ended meanwhile."""
    mark = request.session.get(_MARK)
    if mark is not None and not SessionLink.objects.filter(pk=mark).update(session_key=request.session.session_key):
        request.session.flush()


@sensitive_variables()
def id_token_of(link: SessionLink) -> str:
    """Return the ID token of the sign-in; empty when none was kept, or no key of the ring opens it any more."""
    if not link.sealed_id_token:
        return ""
    try:
        return cipher.unseal(link.sealed_id_token, binding=SessionLink.ID_TOKEN_BINDING)
    except (vault.UnsealError, ImproperlyConfigured):
        return ""


def end(*, issuer: str, sid: str = "", subject: str = "", provider: str = "") -> int:
    """End the sessions that `issuer` names, on every process, and return how many there were.

    With `sid` that one alone, whatever `subject` says; else all of `subject` (OpenID Connect Back-Channel Logout
    section 2.7). `provider` limits it to the sessions of one entry.
    """
    if not sid and not subject:
        raise ValueError("neither sid nor subject")
    rows = SessionLink.objects.filter(issuer=issuer, **({"sid": sid} if sid else {"subject": subject}))
    if provider:
        # Rows from before entries had ids are the default one's.
        rows = rows.filter(provider__in=[provider, ""] if provider == HOUSE else [provider])
    with transaction.atomic():
        links = list(rows.select_for_update().order_by("pk"))
        for link in links:
            # Now the row, in this transaction; then once more what a cache has read of the row before the commit.
            delete = partial(store_class()().delete, link.session_key)
            delete()
            transaction.on_commit(delete)
        SessionLink.objects.filter(pk__in=[link.pk for link in links]).delete()
        _forget_tokens(links)
    return len(links)


def store_class() -> type[SessionBase]:
    """Return the project's session store."""
    found: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return found


def _forget_tokens(links: Iterable[SessionLink]) -> None:
    """Forget the tokens that came with the ended sessions and were not granted for longer (section 2.7)."""
    newest = {link.account_id: link for link in links}
    for row in StoredToken.objects.filter(account__in=newest).select_related("account"):
        # Tokens are kept by account: those here are of the latest sign-in, which may be another browser's.
        later = SessionLink.objects.filter(account=row.account, pk__gt=newest[row.account_id].pk).exists()
        if not later and "offline_access" not in row.scope.split():
            vault.forget(account=row.account)
