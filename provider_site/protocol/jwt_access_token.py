"""Access tokens that resource servers read by themselves (RFC 9068)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from provider_site.conf import provider_settings
from provider_site.policy import scopes
from provider_site.services import keys, token_subjects
from provider_site.storage import access, credentials

# RFC 9068 2.1. Nothing else signed here has it, so no other token passes for one, nor one for another.
TYPE = "at+jwt"


def sign(
    *,
    client: Any,
    user: Any | None,
    authorization: Any | None,
    family: Any | None,
    resource: list[str],
    scope: str,
    issued_at: datetime,
    expires_at: datetime,
    subject: str | None = None,
    signer: keys.Signer | None = None,
) -> str:
    """Return a signed access token for ``resource``, by default for this site (RFC 9068 2.2, 3).

    Without a ``user`` it is the client's own. Raises TargetRefused where it would tell somebody a subject that is not
    theirs to know. ``subject``, which every one of ``resource`` may know, and ``signer`` are given where the caller has
    them at hand.
    """
    registration = access.registration_of(client)
    claims: dict[str, Any] = {
        "iss": provider_settings.issuer,
        "sub": subject or token_subjects.in_jwt(user=user, client=client, resource=resource),
        "aud": resource[0] if len(resource) == 1 else resource or provider_settings.issuer,
        "exp": int(expires_at.timestamp()),
        "iat": int(issued_at.timestamp()),
        "jti": credentials.new_token_id(family),
        "client_id": client.client_id,
    }
    if names := scopes.on_the_wire(scope.split()):
        claims["scope"] = " ".join(names)
    claims |= token_subjects.authentication(authorization)
    signer = signer or keys.signer(registration.id_token_alg if registration is not None else "RS256")
    return signer.sign(claims, typ=TYPE)
