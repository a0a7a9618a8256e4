"""Errors of this app: the OAuth error code, what the public is told, and what only the log is told."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

# Crockford's alphabet without vowels: read out on the phone without mistakes, and never a word.
_REFERENCE_ALPHABET = "0123456789BCDFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Return a short reference that an error page shows and the log line repeats: ``XXXX-XXXX``."""
    characters = [secrets.choice(_REFERENCE_ALPHABET) for _index in range(8)]
    return "".join(characters[:4]) + "-" + "".join(characters[4:])


def reference_of(request: object) -> str:
    """Return the reference by which the host's logs know the request (``request.reference``), otherwise a new one."""
    return str(getattr(request, "reference", "")) or new_reference()


class ProviderError(Exception):
    """An error with an OAuth ``code``, a public ``description`` and a private ``detail``, never mixed.

    ``description`` is ASCII without quotes or backslashes (RFC 6749 5.2), safe to send to a client.
    """

    code = "server_error"
    description = "The authorization server met an unexpected condition."

    def __init__(self, detail: str = "", *, description: str | None = None) -> None:
        super().__init__(detail or self.description)
        self.detail = detail
        if description is not None:
            self.description = description


class AuthorizationRequestExpired(ProviderError):
    """The stored authorization request is gone, over, or another person's."""

    code = "invalid_request"
    description = "The authorization request has expired."

    def __init__(self, detail: str = "", *, application: Any = None) -> None:
        super().__init__(detail)
        self.application = application


class CodeReplayed(ProviderError):
    """An authorization code was presented a second time (RFC 6749 4.1.2)."""

    code = "invalid_grant"
    description = "The authorization code is invalid or has been used."


class RefreshTokenReused(ProviderError):
    """A rotated refresh token was presented again (RFC 9700 4.14.2)."""

    code = "invalid_grant"
    description = "The refresh token is invalid or has been used."


class TooManyDevices(ProviderError):
    """So many device codes of an application wait for people that no more are given out for now."""

    code = "temporarily_unavailable"
    description = "Too many device codes of this client wait for people. Try again later."


class TooManyRequests(ProviderError):
    """Something happens more often than ``RATE_LIMITS`` lets it; ``wait`` is in seconds (RFC 6585 4)."""

    code = "temporarily_unavailable"
    description = "Too many requests. Try again later."

    def __init__(self, detail: str, *, wait: int) -> None:
        super().__init__(detail)
        self.wait = wait


class ConsentRefused(ProviderError):
    """A consent form asked for something the person had no choice to give."""

    code = "invalid_request"
    description = "The consent form does not match the request."


class ReviewConflict(ProviderError):
    """A step of an application's review that does not begin where the application is now."""

    code = "conflict"
    description = "The application is not in a state for this step."


class SeenSomethingElse(ReviewConflict):
    """What a reviewer decided about is not what is there any more."""

    description = "The application has changed since it was looked at."


class NotAllowed(ProviderError):
    """Somebody may not do this to the application."""

    code = "forbidden"
    description = "You may not do this."


class SignedTokenRefused(ProviderError):
    """A token presented as signed by this site is not, or is not to be believed any more."""

    code = "invalid_token"
    description = "The token was not issued by this server, or is no longer valid."


class AlgorithmNotOffered(ProviderError):
    """Something is to be signed by an algorithm that this site has no key for (``SIGNING_ALGORITHMS``)."""


class KeyStepTooEarly(ProviderError):
    """A step in the life of a signing key that applications are not ready for before ``at``."""

    code = "conflict"
    description = "It is too early for this step."

    def __init__(self, detail: str, *, kid: str, at: datetime) -> None:
        super().__init__(detail)
        self.kid = kid
        self.at = at


class KeyInUse(ProviderError):
    """A signing key that signs, or is the next to sign, can be retired only as compromised."""

    code = "conflict"
    description = "The key is in use."


class TargetRefused(ProviderError):
    """A token can't be for the resources that were named (RFC 8707 2)."""

    code = "invalid_target"
    description = "A resource is unknown, or the token cannot be for it."
