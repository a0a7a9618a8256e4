"""Trying an application: the redirect URI, the attempt kept in the owner's session, a secret that is never stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.storage import revocation
from provider_site.storage.credentials import new_client_secret

_ATTEMPTS = "provider_site.try_it"
_ATTEMPTS_KEPT = 5

# The application and the digest of the secret that stands in for its own, in this thread or task alone.
_stand_in: ContextVar[tuple[str, str] | None] = ContextVar("provider_site.try_it", default=None)


def redirect_uri() -> str:
    """Return the redirect URI of every attempt: no application registers it, and only its owners are answered there."""
    return provider_settings.issuer_origin + reverse("provider_site:developer-try-callback")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of an application's flow: what only this browser's session knows."""

    application_id: str
    user_id: str
    scope: list[str]
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun: float

    @property
    def is_over(self) -> bool:
        """Whether the authorization request it made would be over by now."""
        return (
            timezone.now().timestamp() >= self.begun + provider_settings.authorization_request_lifetime.total_seconds()
        )


def begin(*, request: HttpRequest, application: Any, scope: Sequence[str]) -> Attempt:
    """Begin an attempt in place of the application's last one; at most the last five applications have one."""
    attempt = Attempt(
        application_id=str(application.pk),
        user_id=str(request.user.pk),
        scope=list(scope),
        state=crypto.random_text(),
        nonce=crypto.random_text(),
        verifier=crypto.random_text(),
        begun=timezone.now().timestamp(),
    )
    kept = [one for one in _kept(request) if one.application_id != attempt.application_id]
    _keep(request, [*kept, attempt][-_ATTEMPTS_KEPT:])
    return attempt


def waiting(*, request: HttpRequest, application: Any) -> Attempt | None:
    """Return the application's attempt that has no answer yet, or ``None``."""
    return next((one for one in _kept(request) if one.application_id == str(application.pk)), None)


def take(*, request: HttpRequest, state: str) -> Attempt | None:
    """Return the attempt an answer belongs to and forget it: an attempt takes one answer. ``None`` when there is none.

    An answer without the state of this browser's own attempt is somebody else's (RFC 9700 4.7).
    """
    kept = _kept(request)
    taken = next((one for one in kept if constant_time_compare(one.state, state)), None)
    if taken is not None:
        _keep(request, [one for one in kept if one is not taken])
    return taken


def _kept(request: HttpRequest) -> list[Attempt]:
    if not request.user.is_authenticated:
        return []
    attempts = [Attempt(**values) for values in request.session.get(_ATTEMPTS, [])]
    return [one for one in attempts if not one.is_over and one.user_id == str(request.user.pk)]


def _keep(request: HttpRequest, attempts: list[Attempt]) -> None:
    request.session[_ATTEMPTS] = [asdict(one) for one in attempts]


@contextmanager
def stand_in_secret(*, application: Any) -> Iterator[str]:
    """Make a secret with which this very thread, and nobody else, may authenticate as the application meanwhile.

    It is neither stored nor counted: nothing is left of it however the block ends, and no request from outside sees it.
    """
    text = new_client_secret()
    mark = _stand_in.set((str(application.pk), crypto.digest(text)))
    try:
        yield text
    finally:
        _stand_in.reset(mark)


def stands_in(*, application: Any, secret: str) -> bool:
    """Tell whether ``secret`` is the one ``stand_in_secret`` made for the application around this very call."""
    expected = _stand_in.get()
    if expected is None or expected[0] != str(application.pk):
        return False
    return crypto.matches(secret, expected[1])


def is_redirect_uri(uri: str) -> bool:
    """Tell whether ``uri`` is the redirect URI of attempts, character by character, whoever may have registered it."""
    return uri.startswith(provider_settings.issuer_origin) and uri == redirect_uri()


def revoke(*, application: Any, texts: Sequence[str]) -> None:
    """Revoke the tokens an attempt got, with everything that could still come of them."""
    for text in texts:
        revocation.revoke_own(text, application=application)
