"""The nickname and avatar a person chose for one application, instead of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provider_site.conf import provider_settings
from provider_site.models import AppProfile, Profile
from provider_site.services import pictures, profiles

# The claims an application profile speaks of.
CLAIMS = frozenset({"nickname", "picture"})


def get(*, user: Any, application_id: Any) -> AppProfile | None:
    """Return what the person chose for the application; ``None``: it is shown their own profile."""
    return AppProfile.objects.filter(user=user, application_id=application_id).first()


def save(
    *, user: Any, application: Any, nickname: str, avatar: AppProfile.Avatar, picture: bytes | None = None
) -> AppProfile | None:
    """Keep what the person chose; otherwise as ``saved``."""
    with saved(user=user, application=application, nickname=nickname, avatar=avatar, picture=picture) as row:
        return row


@contextmanager
def saved(
    *, user: Any, application: Any, nickname: str, avatar: AppProfile.Avatar, picture: bytes | None = None
) -> Iterator[AppProfile | None]:
    """Keep what the person chose, in one transaction with the block: both are written, or neither.

    An empty nickname is the person's own. ``picture`` is what ``pictures.reencode`` returned; it counts only with the
    choice ``OTHER``, which without one keeps the other picture there is. A picture that is shown no longer is deleted.
    Yields ``None`` where nothing was chosen, now or before. Raises ValidationError, by field, changing nothing.
    """
    nickname = profiles.clean_nickname(nickname)
    new = picture if avatar == AppProfile.Avatar.OTHER else None
    with pictures.written(new, directory=pictures.AVATARS) as (key, name), transaction.atomic():
        yield _write(
            AppProfile(
                user=user,
                application=application,
                nickname=nickname,
                avatar_choice=AppProfile.Avatar(avatar),
                avatar=name,
                avatar_key=key,
            )
        )


def _write(chosen: AppProfile) -> AppProfile | None:
    rows = AppProfile.objects.filter(user=chosen.user, application=chosen.application)
    if not chosen.nickname and chosen.avatar_choice == AppProfile.Avatar.OWN and not rows.exists():
        return None
    AppProfile.objects.get_or_create(user=chosen.user, application=chosen.application)
    row = rows.select_for_update().get()
    is_other = chosen.avatar_choice == AppProfile.Avatar.OTHER
    if is_other and not chosen.avatar and not row.avatar:
        raise ValidationError({"avatar": ValidationError(_("Choose a picture."), code="no_picture")})
    if (row.nickname, row.avatar_choice) == (chosen.nickname, chosen.avatar_choice) and not chosen.avatar:
        return row  # as it was: the application is told of no update
    if chosen.avatar or not is_other:
        pictures.delete_on_commit(row.avatar)
        row.avatar, row.avatar_key = chosen.avatar.name, chosen.avatar_key
    row.nickname, row.avatar_choice = chosen.nickname, chosen.avatar_choice
    row.save()
    return row


def nickname(*, profile: Profile, app_profile: AppProfile | None) -> str:
    """Return the nickname an application is told."""
    return (app_profile.nickname if app_profile is not None else "") or profile.nickname


def picture(*, profile: Profile, app_profile: AppProfile | None) -> str:
    """Return the public, absolute address of the picture an application is told, or an empty text."""
    choice = app_profile.avatar_choice if app_profile is not None else AppProfile.Avatar.OWN
    if choice == AppProfile.Avatar.NONE:
        return ""
    if app_profile is not None and choice == AppProfile.Avatar.OTHER:
        return avatar_url(app_profile.avatar_key)
    return avatar_url(profile.avatar_key)


def updated(*, profile: Profile, app_profile: AppProfile | None) -> datetime:
    """Return when what an application is told of the profile changed last."""
    if app_profile is None or app_profile.updated is None:
        return profile.updated
    return max(profile.updated, app_profile.updated)


def avatar_url(key: str) -> str:
    """Return the public, absolute address of an avatar, or an empty text."""
    return provider_settings.issuer_origin + reverse("provider_site:avatar", args=[key]) if key else ""


def stored_avatar(*, key: str) -> Any | None:
    """Return the stored picture at the public address of an avatar, a person's own or one for an application."""
    if not key:
        return None
    for model in (Profile, AppProfile):
        row = model._default_manager.filter(avatar_key=key).first()
        if row is not None and row.avatar:
            return row.avatar
    return None
