"""Sessions of people at this provider, bound to the browser's session."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import Profile, Session
from provider_site.models.session import digest_of
from provider_site.policy import authentication
from provider_site.policy import session_state as policy
from provider_site.services import audit, logout
from provider_site.services.profiles import get_profile
from provider_site.storage import session_rows
from provider_site.storage.session_rows import SessionRead

MIDDLEWARE = "provider_site.middleware.ProviderSessionMiddleware"

_SID = "provider_site.sid"
_EARLIER = "provider_site.earlier_sids"
_EARLIER_KEPT = 50
_STAYED = "provider_site.stayed_at"
_KNOWN = "_provider_site_known_session"
_DESTINATIONS = "provider_site.destinations"
_AUTH_TIME = "provider_site.auth_time"
_BROWSER_STATE = "provider_site.browser_state"
_ALLAUTH_METHODS = "account_authentication_methods"
_ALLAUTH_METHODS_OF = "account_authentication_methods_user"
_MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def connect_receivers() -> None:
    """Listen to sign-in and sign-out, whatever login page the host has."""
    user_logged_in.connect(_note_sign_in, dispatch_uid="provider_site.sessions.sign_in")
    user_logged_out.connect(_note_sign_out, dispatch_uid="provider_site.sessions.sign_out")


def _note_sign_in(*, request: HttpRequest | None, user: Any, **_kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        request.session[_AUTH_TIME] = timezone.now().timestamp()
        request.session[_BROWSER_STATE] = secrets.token_urlsafe(24)
        _set_aside(request)  # a new sign-in in the same browser is a new session
        # Of another person Django has thrown away everything, but the cookie that came with this request.
        if key := request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            ended = logout.end_of_browser(browser_digest=crypto.digest(key), but_of=user)
            logout.note_ended_here(request=request, ended=ended)
        if earlier := request.session.get(_EARLIER, []):  # the key has changed
            Session.objects.filter(pk__in=earlier).update(browser_digest=_browser_digest(request))


def _note_sign_out(*, request: HttpRequest | None, **_kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        ended = logout.end(sids=sids_here(request=request), reason=Session.EndReason.SIGNED_OUT)
        logout.note_ended_here(request=request, ended=ended)


def sids_here(*, request: HttpRequest) -> list[uuid.UUID]:
    """Return the session IDs that this browser's sign-in has had: a new sign-in of the same person has a new one."""
    current = request.session.get(_SID)
    known = [*request.session.get(_EARLIER, []), *([current] if current else [])]
    return [uuid.UUID(sid) for sid in known]


def _set_aside(request: HttpRequest) -> None:
    """Remember the browser's session as an earlier one: signing out ends what hangs on it too."""
    if sid := request.session.pop(_SID, None):
        request.session[_EARLIER] = [*request.session.get(_EARLIER, []), sid][-_EARLIER_KEPT:]


def _browser_digest(request: HttpRequest) -> str:
    """Return what a session is found by when somebody else signs in over it; empty where the browser has no key."""
    key = request.session.session_key
    return crypto.digest(key) if key else ""


def auth_time(*, request: HttpRequest) -> datetime:
    """Return when the signed-in person last proved who they are in this browser, to the second of the clock."""
    stamps = [request.session.get(_AUTH_TIME) or 0.0]
    # allauth's re-authentication is no sign-in, so no signal tells of it; its own record does.
    stamps += [record.get("at") or 0.0 for record in _records(request)]
    if latest := max(stamps):
        return datetime.fromtimestamp(float(latest), tz=UTC)
    # A session older than this app: the last sign-in anywhere is the latest it can have been.
    last_login = getattr(request.user, "last_login", None)
    return last_login if last_login is not None else datetime.fromtimestamp(0, tz=UTC)


def is_recent(*, request: HttpRequest) -> bool:
    """Tell whether the signed-in person proved who they are within ``RECENT_SIGN_IN_SECONDS``."""
    return timezone.now() - auth_time(request=request) < provider_settings.recent_sign_in


def current_session(*, request: HttpRequest) -> Session:
    """Return the record of the signed-in person's session in this browser, made at the first authorization."""
    user: Any = request.user
    known = _known(request)
    if (session := open_session(request=request, known=known)) is not None:
        return session
    moment = known.since
    _set_aside(request)
    session = Session.objects.create(
        user=user,
        auth_time=moment,
        amr=methods(request=request),
        expires_at=request.session.get_expiry_date(),
        credential_digest=digest_of(user),
        browser_digest=_browser_digest(request),
        address=audit.address_of(request),
        user_agent=request.headers.get("User-Agent", "").replace("\x00", "")[:300],
    )
    request.session[_SID] = str(session.pk)
    return session


def open_session(*, request: HttpRequest, known: Known) -> Session | None:
    """Return the signed-in person's session in this browser where it has a record that goes on, prolonged."""
    session, user = known.read.session, request.user
    if session is None or session.user_id != user.pk or session.auth_time != known.since:
        return None
    if session.is_over(user, timezone.now()):
        return None
    _prolong(session, request)
    return session


def _prolong(session: Session, request: HttpRequest) -> None:
    """Follow the browser's session, which Django may have prolonged; one write an hour at most."""
    end = request.session.get_expiry_date()
    if end > session.expires_at + timedelta(hours=1):
        Session.objects.filter(pk=session.pk).update(expires_at=end)


def methods(*, request: HttpRequest) -> list[str]:
    """Return how the person signed in, as ``amr`` values (RFC 8176): as the host says, or as its session shows."""
    if (host := provider_settings.authentication_methods) is not None:
        return sorted({str(name) for name in host(request)})
    if records := _records(request):
        return authentication.methods(records)
    # It knows no other way than a password.
    return ["pwd"] if request.session.get(BACKEND_SESSION_KEY) == _MODEL_BACKEND else []


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what allauth recorded of this person, and not of one who began to sign in here before them."""
    user: Any = request.user
    whose = request.session.get(_ALLAUTH_METHODS_OF)
    if whose is not None and user.is_authenticated and whose != user._meta.pk.value_to_string(user):
        return []
    return list(request.session.get(_ALLAUTH_METHODS, []))


def was_ended(*, request: HttpRequest) -> bool:
    """Tell whether this browser's session was ended from elsewhere, as with its account, and not begun anew since.

    Django's own session may have outlived it: whoever comes back with that has to sign in. One request asks the
    database once.
    """
    user: Any = request.user
    if not user.is_authenticated:
        return False
    return _known(request).is_ended


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says of the session in this browser: by its ID and the last proof of who the person is."""

    sid: str | None
    since: datetime
    read: SessionRead

    @property
    def is_ended(self) -> bool:
        """Whether it was ended from elsewhere since."""
        session = self.read.session
        if self.read.signed_out:
            return True
        if session is None or session.ended_at is None or session.ended_at < self.since:
            return False
        # Django itself decides which browsers a changed password signs out: this one, where it was changed, not.
        return session.ended_reason != Session.EndReason.PASSWORD


def _known(request: HttpRequest) -> Known:
    """Return what the database says, asked once for a request and a sign-in."""
    sid, since = here(request=request)
    known: Known | None = getattr(request, _KNOWN, None)
    if known is None or (known.sid, known.since) != (sid, since):
        user_id, out_since = request.user.pk, signed_out_since(request=request, moment=since)
        known = Known(sid, since, session_rows.find(user_id=user_id, sid=sid, since=out_since))
        setattr(request, _KNOWN, known)
    return known


def is_known(*, request: HttpRequest) -> bool:
    """Tell whether the database was asked for this browser's session already, in this request."""
    return getattr(request, _KNOWN, None) is not None


def note_known(*, request: HttpRequest, known: Known) -> None:
    """Keep with the request what was read of its session together with something else: nobody asks for it again."""
    setattr(request, _KNOWN, known)


def here(*, request: HttpRequest) -> tuple[str | None, datetime]:
    """Return by what the session in this browser is known: its ID, and when its person last proved who they are."""
    return request.session.get(_SID), auth_time(request=request)


def signed_out_since(*, request: HttpRequest, moment: datetime) -> datetime:
    """Return since when a sign-out everywhere else concerns this browser, whose person proved themselves at ``moment``.

    In the one where the person asked for it they stay signed in.
    """
    stayed = request.session.get(_STAYED)
    return max(moment, datetime.fromtimestamp(stayed, tz=UTC)) if stayed else moment


@transaction.atomic
def end_others(*, request: HttpRequest) -> None:
    """Sign the person out everywhere but in this browser; the applications are told.

    Also in browsers that have signed in to no application, of which nothing is written down.
    """
    user: Any = request.user
    now = timezone.now()
    logout.end_all(user=user, reason=Session.EndReason.PERSON, but=sids_here(request=request))
    get_profile(user=user)
    Profile.objects.filter(user=user).update(signed_out_at=now)
    request.session[_STAYED] = now.timestamp()


def remember_destination(*, request: HttpRequest, source: str) -> None:
    """Remember where a sign-in that begins now may end, as a CSP source; the last five are kept.

    Chrome applies ``form-action`` to the whole chain of redirects after a form: a login page that names only itself
    would stop a person whose consent is remembered from reaching the application.
    """
    known = [known for known in request.session.get(_DESTINATIONS, []) if known != source]
    request.session[_DESTINATIONS] = [*known, source][-5:]


def destinations(*, request: HttpRequest) -> list[str]:
    """Return the CSP ``form-action`` sources that the host's login pages have to allow in this browser."""
    return list(request.session.get(_DESTINATIONS, []))


def keeps_browser_state() -> bool:
    """Tell whether browsers are told apart for clients: where the host has the middleware that sets the cookie."""
    return MIDDLEWARE in settings.MIDDLEWARE


def browser_state_cookie(*, request: HttpRequest) -> str:
    """Return the name of the cookie that holds the browser's state; by its prefix no other host can set it."""
    return "__Host-provider-state" if request.is_secure() else "provider-state"


def browser_state(*, request: HttpRequest) -> str:
    """Return what stands for this sign-in in this browser; empty where nobody is signed in."""
    return str(request.session.get(_BROWSER_STATE, ""))


def session_state(*, request: HttpRequest, client_id: str, redirect_uri: str) -> str | None:
    """Return the ``session_state`` of an answer to ``redirect_uri`` (OpenID Session Management 2).

    ``None`` for an address without an origin, and where the host lacks the middleware: then it is said to nobody.
    """
    origin = policy.browser_origin(redirect_uri)
    if origin is None or not keeps_browser_state():
        return None
    if not (state := browser_state(request=request)):  # signed in before this app was there
        state = request.session[_BROWSER_STATE] = secrets.token_urlsafe(24)
    salt = secrets.token_urlsafe(12)
    return policy.session_state(client_id=client_id, origin=origin, browser_state=state, salt=salt)
