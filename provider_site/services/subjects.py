"""The identifiers by which applications know people: made at the first need, the same ever after."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from provider_site.models import Consent, PairwiseSubject, Profile, Registration, UnionSubject
from provider_site.policy import sectors
from provider_site.services.profiles import get_profile

_Type = Registration.SubjectType


def sector_of(*, registration: Registration) -> str:
    """Return the sector that pairwise subjects are of.

    One that lacks it, by a change past our forms, is a sector of its own: an empty one would be shared by all such.
    """
    return registration.sector_identifier or sectors.own(registration.application.client_id)


def subject_for(
    *, user: Any, registration: Registration | None, profile: Profile | None = None, public: str = "", paired: str = ""
) -> str:
    """Return the ``sub`` an application knows the person by (OpenID Core 8).

    ``profile`` is the person's, where the caller has it at hand; ``public`` and ``paired`` are their public subject and
    the one in the application's sector.
    """
    subject_type = registration.subject_type if registration is not None else _Type.PUBLIC
    if registration is not None and subject_type == _Type.LEGACY:
        return str(user.pk)
    if registration is not None and subject_type == _Type.PAIRWISE:
        return paired or pairwise(user=user, sector=sector_of(registration=registration))
    return public or (profile or get_profile(user=user)).subject


def pairwise(*, user: Any, sector: str) -> str:
    """Return the subject by which the applications of a sector know the person (OpenID Core 8.1).

    Of many first uses at once one makes the row, each in a savepoint, and all return it.
    """
    row, _created = PairwiseSubject.objects.get_or_create(user=user, sector=sector)
    return row.subject


def union(*, user: Any, owner_id: Any) -> str:
    """Return the ``unionid`` by which all applications of an owner know the person."""
    row, _created = UnionSubject.objects.get_or_create(user=user, owner_id=owner_id)
    return row.subject


def user_for_subject(*, subject: str, client_id: str = "") -> Any | None:
    """Return the person whom an application, or by default any with public subjects, knows by a subject.

    A subject counts only in the kind the application is given: another application's says nothing about its people.
    """
    rows = Registration.objects.select_related("application").filter(application__client_id=client_id)
    registration = rows.first() if client_id else None
    if registration is None or registration.subject_type == _Type.PUBLIC:
        return _of(Profile.objects.filter(subject=subject))
    if registration.subject_type == _Type.PAIRWISE:
        sector = sector_of(registration=registration)
        return _of(PairwiseSubject.objects.filter(subject=subject, sector=sector))
    return person_by_key(subject=subject)


def _of(rows: Any) -> Any | None:
    row = rows.select_related("user").first()
    return row.user if row is not None else None


def person_by_key(*, subject: str) -> Any | None:
    """Return the person whom applications taken over from stock DOT know by this subject, or ``None``."""
    try:
        user = get_user_model()._default_manager.filter(pk=subject).first()
    except (ValueError, OverflowError, ValidationError):  # the key is of whatever type the host's user has
        return None
    # "07" finds the row of 7, and no application was ever told "07".
    return user if user is not None and str(user.pk) == subject else None


def known_people(*, application: Any, at_most: int) -> int:
    """Return how many people have ever signed in to the application, by their consents; ``at_most`` so many."""
    return Consent.objects.filter(application=application).values("user").distinct()[:at_most].count()


def is_used(*, application: Any) -> bool:
    """Tell whether somebody may have an account at the application, which hangs on the subject it was told."""
    was_here_before = Registration.objects.filter(application=application, taken_over_at__isnull=False)
    return was_here_before.exists() or Consent.objects.filter(application=application).exists()
