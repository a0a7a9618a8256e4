"""People's profiles: subject, nickname, avatar."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from provider_site.conf import provider_settings
from provider_site.models import Profile
from provider_site.services import pictures


def get_profile(*, user: Any) -> Profile:
    """Return the person's profile, made with a new subject at the first call."""
    profile, _created = Profile.objects.get_or_create(user=user)
    return profile


def clean_nickname(value: str) -> str:
    """Return the nickname as it is kept: NFC, edges and runs of white space trimmed.

    Raises ValidationError when it is too long or holds a control, private or direction-overriding character.
    """
    nickname = " ".join(unicodedata.normalize("NFC", value).split())
    limit = provider_settings.nickname_max_length
    if len(nickname) > limit:
        raise ValidationError(
            ngettext_lazy(
                "A nickname has at most %(limit)s character.", "A nickname has at most %(limit)s characters.", limit
            ),
            code="too_long",
            params={"limit": limit},
        )
    # A zero-width joiner (Cf) is part of many emoji and of Persian words; the direction overrides are Cf too.
    overrides = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    if any(unicodedata.category(char) in {"Cc", "Co", "Cs"} or char in overrides for char in nickname):
        raise ValidationError(_("A nickname can't hold invisible control characters."), code="control")
    # Letters, digits, punctuation or symbols; joiners, marks and spaces alone show nothing.
    if nickname and not any(unicodedata.category(char)[0] in "LNPS" for char in nickname):
        raise ValidationError(_("A nickname needs at least one visible character."), code="invisible")
    return nickname


def set_nickname(*, user: Any, nickname: str) -> Profile:
    """Set the nickname. Raises ValidationError, changing nothing."""
    return _save(user=user, nickname=clean_nickname(nickname))


def set_avatar(*, user: Any, upload: File[bytes]) -> Profile:
    """Set the avatar from an uploaded image, re-encoded, so that nothing of the file but its pixels is kept.

    Raises ValidationError, changing nothing, when the file is too large, not an image we read, or a decompression bomb.
    """
    return _save(user=user, picture=pictures.reencode(upload))


def delete_avatar(*, user: Any) -> Profile:
    """Remove the avatar; its old address answers 404 from now on."""
    return _save(user=user, remove_picture=True)


def set_profile(*, user: Any, nickname: str, picture: bytes | None, remove_picture: bool) -> Profile:
    """Change nickname and avatar together; a new picture wins over removing the old. Raises ValidationError.

    ``picture`` is what ``pictures.reencode`` returned.
    """
    return _save(user=user, nickname=clean_nickname(nickname), picture=picture, remove_picture=remove_picture)


def _save(
    *, user: Any, nickname: str | None = None, picture: bytes | None = None, remove_picture: bool = False
) -> Profile:
    """Write what is given in one transaction."""
    with pictures.written(picture, directory=pictures.AVATARS) as (key, name), transaction.atomic():
        get_profile(user=user)
        profile = Profile.objects.select_for_update().get(user=user)
        if nickname is not None:
            profile.nickname = nickname
        if picture is not None or remove_picture:
            pictures.delete_on_commit(profile.avatar)
            profile.avatar, profile.avatar_key = name, key
        profile.save(update_fields=["nickname", "avatar", "avatar_key", "updated"])
    return profile
