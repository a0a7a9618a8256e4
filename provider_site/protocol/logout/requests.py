"""What an application sent to the logout endpoint, checked (RP-Initiated Logout 2, 3)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import QueryDict

from provider_site.errors import SignedTokenRefused
from provider_site.policy import redirect
from provider_site.policy.logout import Refusal, with_query
from provider_site.services import keys
from provider_site.services.applications import application_model

_SALT = "provider_site.logout.request"
_KEPT_SECONDS = 3600
# What is handed on is written into an address, and servers on the way take no longer ones.
_LONGEST = 4096
_ONCE = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales", "logout_hint")


class LogoutRefused(Exception):
    """A logout request that a page answers: it ends nothing, and sends nobody anywhere. Its text is for the log."""

    def __init__(self, refusal: Refusal, detail: str, *, application: Any = None) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.application = application


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A valid request: whose it is, as far as it says, and where its person is to go afterwards.

    ``redirect_uri`` is one that the application has registered; ``sid`` is that of a hint which we have signed.
    """

    application: Any | None = None
    redirect_uri: str = ""
    state: str | None = None
    sid: uuid.UUID | None = None
    hinted: bool = False
    ui_locales: str = ""

    @property
    def address(self) -> str:
        """Where the browser goes, with the state as it came; empty where the request names no address."""
        if not self.redirect_uri or self.state is None:
            return self.redirect_uri
        return with_query(self.redirect_uri, {"state": self.state})

    def sealed(self) -> str:
        """Return the request signed for an address or a form: what is in it was checked, and no token is."""
        values = [
            str(self.application.pk) if self.application is not None else "",
            self.redirect_uri,
            self.state,
            str(self.sid or ""),
            self.hinted,
            self.ui_locales,
        ]
        return signing.dumps(values, salt=_SALT, compress=True)


def unsealed(text: str) -> LogoutRequest:
    """Return the request that ``sealed`` wrote, its address checked anew. Raises LogoutRefused."""
    try:
        key, redirect_uri, state, sid, hinted, ui_locales = signing.loads(text, salt=_SALT, max_age=_KEPT_SECONDS)
    except signing.BadSignature as error:
        raise LogoutRefused(Refusal.MALFORMED, f"the sealed request: {error}") from error
    application = _find(pk=key) if key else None
    if key and application is None:
        raise LogoutRefused(Refusal.UNKNOWN_CLIENT, "the application is gone")
    _check_redirect(application, redirect_uri)
    return LogoutRequest(application, redirect_uri, state, uuid.UUID(sid) if sid else None, hinted, ui_locales)


def read(sent: QueryDict) -> LogoutRequest:
    """Return the request that was sent; parameters that are unknown or empty are left aside. Raises LogoutRefused."""
    for name in _ONCE:
        values = sent.getlist(name)
        if len(values) > 1 or any("\x00" in value for value in values):
            raise LogoutRefused(Refusal.MALFORMED, f"{name} is repeated or no text")
        if name != "id_token_hint" and any(len(value) > _LONGEST for value in values):
            raise LogoutRefused(Refusal.MALFORMED, f"{name} has more than {_LONGEST} characters")
    hint, client_id, redirect_uri = (sent.get(name, "") for name in _ONCE[:3])
    claims = _claims(hint) if hint else {}
    application = _application(client_id, _audience(claims))
    if redirect_uri and application is None:
        raise LogoutRefused(Refusal.NO_CLIENT, "post_logout_redirect_uri without id_token_hint and client_id")
    _check_redirect(application, redirect_uri)
    return LogoutRequest(
        application=application,
        redirect_uri=redirect_uri,
        state=sent.get("state") or None,
        sid=_sid(claims),
        hinted=bool(claims),
        ui_locales=sent.get("ui_locales", ""),
    )


def _claims(hint: str) -> dict[str, Any]:
    """Return what an ID token of ours says, however old: it was the application's to keep (2)."""
    try:
        return keys.verify(hint, allow_expired=True)
    except SignedTokenRefused as error:
        raise LogoutRefused(Refusal.HINT, str(error)) from error


def _audience(claims: dict[str, Any]) -> list[str]:
    audience = claims.get("aud", [])
    return [audience] if isinstance(audience, str) else [name for name in audience if isinstance(name, str)]


def _sid(claims: dict[str, Any]) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(claims["sid"])) if "sid" in claims else None
    except ValueError:
        return None


def _application(client_id: str, audience: list[str]) -> Any | None:
    """Return whose request it is; one that names another client than its hint is nobody's (2)."""
    if client_id and audience and client_id not in audience:
        raise LogoutRefused(Refusal.MISMATCH, "the hint was issued to another client")
    name = client_id or next(iter(audience), "")
    if not name:
        return None
    if (application := _find(client_id=name)) is None:
        raise LogoutRefused(Refusal.UNKNOWN_CLIENT, "no such client")
    return application


def _find(**by: str) -> Any | None:
    rows = application_model()._default_manager.select_related("registration")
    return rows.filter(**by, registration__deleted_at=None).first()


def _check_redirect(application: Any | None, redirect_uri: str) -> None:
    registered = application.post_logout_redirect_uris.split() if application is not None else []
    if redirect_uri and not redirect.matches(redirect_uri, registered):
        raise LogoutRefused(Refusal.REDIRECT_URI, "not registered", application=application)
