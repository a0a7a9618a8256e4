"""Logos of applications: stored once, never changed, forgotten when nothing names them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from provider_site.models import Logo, Registration, Review
from provider_site.services import pictures

MAX_KEPT = 50
BATCH = 100


def store(*, application: Any, upload: File[bytes]) -> Logo:
    """Keep an uploaded picture for an application, which does not show it until its facts name it.

    Raises ValidationError for what ``pictures.reencode`` refuses, and where MAX_KEPT are kept already.
    """
    return keep(application=application, picture=pictures.reencode(upload))


def keep(*, application: Any, picture: bytes) -> Logo:
    """Keep a picture that ``pictures.reencode`` returned; otherwise as ``store``."""
    if Logo.objects.filter(application=application).count() >= MAX_KEPT:
        raise ValidationError(
            _("Too many logos were uploaded for this application. Please try again next week."), code="too_many"
        )
    with pictures.written(picture, directory=pictures.LOGOS) as (key, name):
        return Logo.objects.create(key=key, application=application, picture=name)


def prune(*, before: datetime) -> int:
    """Delete the logos made before then that no registration names, nor a review since then or still waiting."""
    deleted, last = 0, ""
    old = Logo.objects.filter(created__lt=before).order_by("pk")
    unused = old.exclude(pk__in=Registration.objects.exclude(logo=None).values("logo"))
    while batch := list(unused.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        reviewed = _named_by_reviews({logo.application_id for logo in batch}, before)
        deleted += sum(_delete(logo) for logo in batch if logo.pk not in reviewed)
    return deleted


def _named_by_reviews(applications: set[Any], before: datetime) -> set[str]:
    alive = Q(decided_at=None) | Q(decided_at__gte=before)
    rows = Review.objects.filter(alive, application__in=applications).values_list("facts", "before")
    return {str(side.get("logo", "")) for sides in rows for side in sides}


@transaction.atomic
def _delete(logo: Logo) -> bool:
    # Under the lock that every change of the application's facts takes: none begins to name the logo meanwhile.
    registration = Registration.objects.select_for_update().filter(application_id=logo.application_id).first()
    waiting = Review.objects.filter(application_id=logo.application_id, decided_at=None).first()
    named = {registration.logo_id if registration else "", waiting.facts.get("logo") if waiting else ""}
    if logo.pk in named:
        return False
    Logo.objects.filter(pk=logo.pk).delete()
    pictures.delete_on_commit(logo.picture)
    return True
