"""The grants an application may be registered for: one each, and what follows from it."""

from __future__ import annotations

AUTHORIZATION_CODE = "authorization-code"
CLIENT_CREDENTIALS = "client-credentials"
# RFC 8628 3.4; the others have the names DOT's column holds.
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def signs_in(grant: str) -> bool:
    """Tell whether people sign in to an application of this grant, and are asked for consent."""
    return grant in {AUTHORIZATION_CODE, DEVICE_CODE}


def needs_redirect_uri(grant: str) -> bool:
    """Tell whether people's browsers come back to it: a device only polls (RFC 8628 3.4)."""
    return grant == AUTHORIZATION_CODE
