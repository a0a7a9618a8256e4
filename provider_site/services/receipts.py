"""The record of a consent as a person takes it home: JSON by the structure of ISO/IEC TS 27560:2023.

Sections and fields have its names where it has any; what this site does not know (where an application stores what it
is told, for how long, under which law) is left out, not made up. docs/decisions/0019 has the reasons.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone, translation

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import AuditEvent, Consent, Registration
from provider_site.policy import claims, scopes
from provider_site.policy.scopes import ScopeDefinition
from provider_site.services import applications, facts, keys, people, subjects
from provider_site.storage import access, consented

SCHEMA = "django-oauth-sites consent receipt 1 (ISO/IEC TS 27560:2023)"
# Its own type, so that nobody takes it for a token (RFC 8725 3.11).
PROOF_TYPE = "consent-receipt+jwt"

_STATES: dict[str, str] = {
    AuditEvent.Action.CONSENT_GIVEN: "given",
    AuditEvent.Action.CONSENT_NOT_ASKED: "given_by_administrator",
    AuditEvent.Action.CONSENT_NARROWED: "narrowed",
    AuditEvent.Action.CONSENT_WITHDRAWN: "withdrawn",
    AuditEvent.Action.SIGNED_OUT: "signed_out",
}


def receipt(*, consent: Consent) -> dict[str, Any]:
    """Return the receipt of a consent, open or over, as JSON values; ``proof`` is null when the key can't be opened.

    The consent comes with its application, its registration and the owner. Words are in the language of the page on
    which it was given.
    """
    now = timezone.now()
    registration = access.registration_of(consent.application)
    with translation.override(consent.language or None):
        document = {
            "schema_version": SCHEMA,
            "receipt_id": str(uuid.uuid4()),
            "issued_at": _time(now),
            "issued_by": {"issuer": provider_settings.issuer, "site_name": provider_settings.site_name},
            "record": _record(consent, registration, now),
        }
    return {**document, "proof": _proof(document, now)}


def _record(consent: Consent, registration: Registration | None, now: datetime) -> dict[str, Any]:
    return {
        "record_id": f"{provider_settings.issuer}#consent-{consent.pk}",
        "pii_principal_id": subjects.subject_for(user=consent.user, registration=registration),
        "source": consent.source,
        "given_at": _time(consent.given_at),
        "ends_at": _time(consented.end(consent, registration)),
        "duration": consent.duration,
        "last_used_at": _time(consent.last_used_at),
        "closed_at": _time(consent.closed_at),
        "closed_reason": consent.closed_reason,
        "pii_processing": _processing(consent, registration, now),
        "party_identification": [_application(consent, registration), _site()],
        "events": _events(consent),
    }


def _processing(consent: Consent, registration: Registration | None, now: datetime) -> dict[str, Any]:
    definitions, shown = scopes.allowable(), _shown(consent)
    required = applications.required_scopes(application=consent.application)
    terms, held = consented.terms(consent), consented.held(consent, registration, now)
    page = reverse("provider_site:connected-app", args=[consent.application_id])
    return {
        "privacy_notice": shown["privacy_policy_url"],
        "language": consent.language,
        "wording_version": consent.wording_version,
        # Of the words in this receipt: older ones, where a purpose names them, meant something else.
        "words_of_version": scopes.WORDING_VERSION,
        "purposes": [
            {
                **_words(name, definitions),
                "pii_optional": name not in required,
                "given_at": _time(term.given_at),
                "ends_at": _time(term.end(consented.limit(registration))),
                "once": term.once,
                "wording_version": term.wording,
                "source": Consent.Source.FIRST_PARTY if term.unasked else Consent.Source.PERSON,
                "holds": name in held,
            }
            for name, term in sorted(terms.items())
        ],
        "declined": [_words(name, definitions) for name in sorted(consent.declined_scopes - terms.keys())],
        "pii_controllers": [consent.application.client_id],
        "collection_method": "consent page" if consent.source == Consent.Source.PERSON else "administrator's decision",
        "recipient_third_parties": shown["hosts"],
        "withdrawal_method": provider_settings.issuer_origin + page,
        "application_as_shown": shown,
    }


def _words(name: str, definitions: Mapping[str, ScopeDefinition]) -> dict[str, Any]:
    """Return what one scope means; a scope the site has given up since has its name alone."""
    known = definitions.get(name, ScopeDefinition(name, name, ""))
    return {
        "scope": name,
        "purpose": str(known.title),
        "purpose_description": str(known.description),
        "pii_information": [{"pii_type": claim} for claim in known.claims if claim in claims.supported()],
        "writes": known.writes,
        "sensitive_pii_category": known.sensitive,
    }


def _shown(consent: Consent) -> dict[str, Any]:
    """Return the application's facts as the page showed them; of a consent older than that record, those of now."""
    shown = dict(consent.facts or facts.identity(application=consent.application))
    shown.pop("owner", None)  # the key of another person's account; who they are is said by name
    return shown


def _application(consent: Consent, registration: Registration | None) -> dict[str, Any]:
    application = consent.application
    return {
        "party_id": application.client_id,
        "party_role": "pii_controller",
        "party_name": people.display_name(user=registration.owner if registration is not None else None),
        "application": application.name or application.client_id,
        "party_url": registration.homepage_url if registration is not None else "",
        "privacy_policy": registration.privacy_policy_url if registration is not None else "",
        "terms_of_service": registration.terms_url if registration is not None else "",
    }


def _site() -> dict[str, Any]:
    issuer = provider_settings.issuer
    return {"party_id": issuer, "party_role": "identity_provider", "party_name": provider_settings.site_name}


def _events(consent: Consent) -> list[dict[str, Any]]:
    """Return what the person did with the consent, from the audit trail, and its end, oldest first."""
    rows = AuditEvent.objects.filter(actor=consent.user, application=consent.application, action__in=_STATES)
    own = [row for row in rows.order_by("at", "pk") if row.data.get("consent") == consent.pk]
    events = [
        {
            "event_state": _STATES[row.action],
            "event_time": _time(row.at),
            "entity": "person",
            "scope": row.data.get("scope", ""),
            "declined": row.data.get("declined", ""),
            "duration": row.data.get("duration", ""),
            "address": row.address or "",
        }
        for row in own
    ]
    if consent.closed_at is not None and AuditEvent.Action.CONSENT_WITHDRAWN not in {row.action for row in own}:
        closing = {"event_state": consent.closed_reason, "event_time": _time(consent.closed_at), "entity": "site"}
        events.append({**closing, "scope": consent.scope, "declined": "", "duration": "", "address": ""})
    return events


def _proof(document: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return the receipt signed by the site's key (RFC 7515).

    It is no token: it has neither subject, audience nor end, and a type of its own.
    """
    try:
        signer = keys.signer()
    except crypto.Unsealable:  # the operators' trouble, not the person's: their record is theirs without a signature
        return None
    statement = {
        "iss": provider_settings.issuer,
        "iat": int(now.timestamp()),
        "jti": document["receipt_id"],
        "consent_receipt": document,
    }
    jwks = provider_settings.issuer_origin + reverse("oauth2_provider:jwks-info")
    return {"type": PROOF_TYPE, "jwks_uri": jwks, "jws": signer.sign(statement, typ=PROOF_TYPE)}


def _time(moment: datetime | None) -> str | None:
    """Return a moment in UTC by ISO 8601, or ``None``."""
    return moment.astimezone(UTC).isoformat() if moment is not None else None
