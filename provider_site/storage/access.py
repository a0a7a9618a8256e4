"""Access tokens at use: one reading of everything that decides whether the token holds now."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_refresh_token_model

from provider_site import crypto
from provider_site.conf import provider_settings
from provider_site.models import ApplicationScope, Authorization, Consent, Member, Registration, Session
from provider_site.policy import review, scopes, token_use
from provider_site.storage import access_rows, consented
from provider_site.storage.credentials import authorization_id
from provider_site.storage.tokens import RefreshTokenRecord


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """An access token as stored, what it hangs on, and the verdict of the moment it was read."""

    row: Any
    authorization: Authorization | None
    consent: Consent | None
    refusal: token_use.Refusal | None
    registered: frozenset[str]
    # The token's own, less what the person or a reviewer has taken back since.
    scopes: frozenset[str]
    # What was read of the person in the same statement (find_with_person).
    person: access_rows.PersonRows | None = None

    @property
    def opens(self) -> frozenset[str]:
        """The scopes the token has now, each as what its words opened when the person allowed it."""
        return consented.worded(self.consent, self.scopes)


def find_access_token(text: str) -> AccessRecord | None:
    """Return the access token as stored with the verdict on its use, or ``None`` when there is no such token."""
    connection = access_rows.connection()
    rows = access_rows.find(connection, text) if connection is not None else _by_orm(text)
    return judged(rows) if rows is not None else None


def find_with_person(text: str) -> AccessRecord | None:
    """Return what ``find_access_token`` does, and beside it what claims about the person are made of."""
    connection = access_rows.connection()
    rows = access_rows.find_with_person(connection, text) if connection is not None else _by_orm(text)
    return judged(rows) if rows is not None else None


def judged(rows: access_rows.Rows) -> AccessRecord:
    """Return an access token that was read, with the verdict on its use now."""
    row, authorization = rows.row, rows.authorization
    consent = authorization.consent if authorization is not None else _latest_consent(row)
    registered = rows.registered if rows.registered is not None else registered_scopes(row.application_id)
    allowed = _allowed(registered.intersection(row.scope.split()), consent, registration_of(row.application))
    facts = _facts(
        row=row,
        authorization=authorization,
        consent=consent,
        family=rows.family,
        expires_at=row.expires,
        allowed=allowed,
    )
    refusal = token_use.refusal(facts, now=timezone.now())
    return AccessRecord(row, authorization, consent, refusal, registered, allowed, rows.person)


def _by_orm(text: str) -> access_rows.Rows | None:
    tokens = get_access_token_model().objects.select_related("application__registration", "user")
    row = tokens.filter(token_checksum=crypto.digest(text)).first()
    if row is None:
        return None
    family = authorization_id(text)
    return access_rows.Rows(row=row, family=family, authorization=_authorization(family, row))


def registered_scopes(application_id: Any) -> frozenset[str]:
    """Return what an application may have now, single claims included: one taken away is taken from its tokens too."""
    rows = ApplicationScope.objects.filter(application=application_id)
    return scopes.with_claims(rows.values_list("scope", flat=True))


def _authorization(family: uuid.UUID | None, row: Any) -> Authorization | None:
    if family is None:
        return None
    return (
        Authorization.objects.select_related("consent", "session")
        .filter(pk=family, application=row.application_id, user=row.user_id)
        .first()
    )


def _latest_consent(row: Any) -> Consent | None:
    if row.user_id is None:
        return None
    return Consent.objects.filter(user=row.user_id, application=row.application_id).order_by("-given_at").first()


def _taken_over(row: Any, registration: Registration | None, family: uuid.UUID | None) -> bool:
    """Tell whether stock DOT issued the token, or the refresh token it descends from, before the take-over."""
    if registration is None or registration.taken_over_at is None:
        return False
    not_before = registration.tokens_not_before
    if not_before is not None and not_before >= registration.taken_over_at:
        return False  # a suspension since has voided all of them: their successors descend from none that holds
    if row.created <= registration.taken_over_at:
        return True
    ancestors = get_refresh_token_model().objects.filter(
        token_family=family, application=row.application_id, user=row.user_id, created__lte=registration.taken_over_at
    )
    return family is not None and bool(ancestors.exists())


def _allowed(scope: frozenset[str], consent: Consent | None, registration: Registration | None) -> frozenset[str]:
    """Return those of the scopes that the person allows now; all of them, where no consent has been recorded."""
    return scope if consent is None else scope & consented.held(consent, registration)


def _facts(
    *,
    row: Any,
    authorization: Authorization | None,
    consent: Consent | None,
    family: uuid.UUID | None,
    expires_at: datetime,
    allowed: frozenset[str],
) -> token_use.TokenFacts:
    """Gather what decides on the use of a token or code: ``row`` has its user, application and time of creation."""
    now = timezone.now()
    registration = registration_of(row.application)
    session = authorization.session if authorization is not None else None
    return token_use.TokenFacts(
        expires_at=expires_at,
        has_user=row.user_id is not None,
        user_active=row.user is not None and row.user.is_active,
        application_approved=serves(registration, user_id=row.user_id),
        voided=_voided(row, registration, authorization),
        taken_over=authorization is None and _taken_over(row, registration, family),
        authorization_known=authorization is not None,
        authorization_revoked=authorization is not None and authorization.revoked_at is not None,
        # Without any scope that holds, a token of a person opens nothing: not even who they are.
        consent_open=consent is None or bool(allowed),
        offline="offline_access" in allowed,
        session_ended=session is not None and session.is_over(row.user, now),
        password_changed=_password_changed(row, session),
    )


def _password_changed(row: Any, session: Session | None) -> bool:
    """Tell whether the person has another password than at the sign-in, where the site lets that end everything."""
    if provider_settings.password_change_ends != "everything" or session is None or row.user is None:
        return False
    return not session.is_bound_to(row.user)


def registration_of(application: Any | None) -> Registration | None:
    """Return an application's registration; ``None`` without one, which means a draft that serves nobody."""
    try:
        registration: Registration | None = application.registration if application is not None else None
    except Registration.DoesNotExist:
        return None
    return registration


def serves(registration: Registration | None, *, user_id: Any | None) -> bool:
    """Tell whether an application may serve this person (or, with ``None``, itself) in its review state."""
    if registration is None:
        return False
    if review.may_serve(status=registration.status, is_member=False):
        return True
    return review.may_serve(status=registration.status, is_member=_is_member(registration, user_id))


def _is_member(registration: Registration, user_id: Any | None) -> bool:
    """Tell whether the person builds or tries the application. Asked only of one that is not approved."""
    if user_id is None:
        return False
    accepted = Member.objects.filter(application=registration.application_id, user=user_id, accepted_at__isnull=False)
    return registration.owner_id == user_id or accepted.exists()


def _voided(row: Any, registration: Registration | None, authorization: Authorization | None) -> bool:
    """Tell whether the application was suspended after the token, or what it descends from, was issued."""
    not_before = registration.tokens_not_before if registration is not None else None
    if not_before is None:
        return False
    return bool(row.created <= not_before or (authorization is not None and authorization.created <= not_before))


def _bought(authorization: Authorization, registered: frozenset[str] | None = None) -> frozenset[str]:
    """Return the scopes of an authorization that its application may still have."""
    if registered is None:
        registered = registered_scopes(authorization.application_id)
    return registered.intersection(authorization.scope.split())


@dataclass(frozen=True, slots=True)
class RefreshUse:
    """What a refresh token is good for at the moment it was read: the verdict, its scopes, and when it ends."""

    refusal: token_use.Refusal | None
    scopes: frozenset[str]
    expires_at: datetime


def refresh_use(record: RefreshTokenRecord, registered: frozenset[str] | None = None) -> RefreshUse:
    """Return what a refresh token may be used for now, by the same rule as access tokens; rotation is not looked at.

    ``registered`` is what its application may have now (registered_scopes), where that was read already.
    """
    row, authorization = record.row, record.authorization
    consent = authorization.consent if authorization is not None else _latest_consent(row)
    bought = _bought(authorization, registered) if authorization is not None else _legacy_scope(row)
    registration = registration_of(row.application)
    allowed = _allowed(bought, consent, registration)
    ends_at = row.created + provider_settings.refresh_token_idle_lifetime
    facts = _facts(
        row=row,
        authorization=authorization,
        consent=consent,
        family=row.token_family,
        expires_at=ends_at,
        allowed=allowed,
    )
    if consent is not None:
        ends_at = min(ends_at, consented.end(consent, registration) or ends_at)
    return RefreshUse(token_use.refusal(facts, now=timezone.now()), allowed, ends_at)


def refresh_refusal(record: RefreshTokenRecord) -> token_use.Refusal | None:
    """Return why a refresh token may not be used now, or ``None``."""
    return refresh_use(record).refusal


def _legacy_scope(row: Any) -> frozenset[str]:
    """Return the scopes of a refresh token of stock DOT's: those of the access token beside it."""
    own = row.access_token.scope.split() if row.access_token else ()
    return registered_scopes(row.application_id).intersection(own)


def code_refusal(
    authorization: Authorization, expires_at: datetime, registered: frozenset[str] | None = None
) -> token_use.Refusal | None:
    """Return why a code may not be exchanged now, or ``None``: what it buys would be refused by the same rule.

    ``registered`` is what its application may have now (registered_scopes), where that was read already.
    """
    registration, bought = registration_of(authorization.application), _bought(authorization, registered)
    facts = _facts(
        row=authorization,
        authorization=authorization,
        consent=authorization.consent,
        family=authorization.pk,
        expires_at=expires_at,
        allowed=_allowed(bought, authorization.consent, registration),
    )
    return token_use.refusal(facts, now=timezone.now())
