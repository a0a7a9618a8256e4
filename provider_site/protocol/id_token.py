"""ID tokens (OpenID Core 2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils import timezone

from provider_site.conf import provider_settings
from provider_site.policy import claims as claim_policy
from provider_site.policy import lifetimes
from provider_site.services import keys, people, subjects
from provider_site.storage import access, consented


def sign(
    *,
    user: Any,
    authorization: Any | None,
    access_token: str,
    client: Any,
    nonce: str | None,
    scopes: Collection[str],
    consent_ends_at: datetime | None,
    subject: str | None = None,
    signer: keys.Signer | None = None,
) -> str:
    """Return the signed ID token of an authorization: who, for whom, when and how they signed in.

    What the person is called is at userinfo (OpenID Core 5.4), and here only where the client has asked for it (5.5)
    and ``scopes`` open it. ``nonce`` is only for the code exchange (12.2). Without an authorization (a refresh token of
    stock DOT's) nothing is known of the session. ``consent_ends_at`` is when the first scope of the access token beside
    it ends by itself: the ID token is believed no longer. ``subject`` and ``signer`` are those of the client, where the
    caller has them at hand.
    """
    now, registration = timezone.now(), access.registration_of(client)
    signer = signer or keys.signer(registration.id_token_alg if registration is not None else "RS256")
    end = lifetimes.bounded_end(now=now, lifetime=provider_settings.id_token_lifetime, consent_ends_at=consent_ends_at)
    claims: dict[str, Any] = {
        "iss": provider_settings.issuer,
        "sub": subject or subjects.subject_for(user=user, registration=registration),
        "aud": client.client_id,
        "exp": int(end.timestamp()),
        "iat": int(now.timestamp()),
        "at_hash": signer.half_hash(access_token),
    }
    if nonce:
        claims["nonce"] = nonce
    if authorization is not None:
        claims["auth_time"] = int(authorization.auth_time.timestamp())
        if authorization.session_id:
            claims["sid"] = str(authorization.session_id)
        claims |= {name: value for name in ("amr", "acr") if (value := getattr(authorization, name))}
        if authorization.id_token_claims:
            opens = consented.worded(authorization.consent, scopes)
            person = people.person(user=user, registration=registration, scopes=opens)
            told = claim_policy.for_scopes(person, opens)
            claims |= {name: told[name] for name in authorization.id_token_claims if name in told}
    return signer.sign(claims)
