"""The form by which a person shows an application another nickname or avatar than their own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _

from provider_site.models import AppProfile
from provider_site.services import pictures, profiles

PNG = "data:image/png;base64,"
_FIELDS = {"nickname": ("app_nickname",), "picture": ("app_avatar", "app_picture", "app_picture_kept")}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a valid form says, as ``services.app_profiles.save`` takes it."""

    nickname: str
    avatar: AppProfile.Avatar
    picture: bytes | None


class AppProfileForm(forms.Form):
    """Nickname and avatar for one application; ``claims`` says which of the two there is to choose.

    A browser never fills in a file again. So a picture that was uploaded comes back with the page, drawn anew, in a
    field of its own, and is drawn anew when it returns.
    """

    app_nickname = forms.CharField(
        label=_("Nickname for this app"),
        required=False,
        max_length=200,  # the service counts; this only bounds the work
        help_text=_("Leave it empty to show none, as in your profile."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    app_avatar = forms.ChoiceField(
        label=_("Avatar for this app"), required=False, choices=AppProfile.Avatar.choices, widget=forms.RadioSelect
    )
    app_picture = forms.FileField(
        label=_("The other picture"),
        required=False,
        help_text=_("PNG, JPEG, WebP or GIF. We cut it square and keep only the picture itself."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    app_picture_kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *data: Any, row: AppProfile | None, claims: Collection[str]) -> None:
        """Begin with what the person chose before (``row``)."""
        self.before = row if row is not None else AppProfile()
        initial = {"app_nickname": self.before.nickname, "app_avatar": self.before.avatar_choice}
        super().__init__(*data)
        self.initial = initial
        self._picture: bytes | None = None
        self._absent = [name for claim in _FIELDS if claim not in claims for name in _FIELDS[claim]]
        for name in self._absent:
            del self.fields[name]

    @property
    def is_altered(self) -> bool:
        """Whether something came back that the page had no field for, or a choice that it did not offer."""
        if any(name in self.data or name in self.files for name in self._absent):
            return True
        return "app_avatar" in self.errors

    def clean_app_nickname(self) -> str:
        """Refuse what the service would refuse, at its field."""
        if "app_nickname" not in self.data:
            return self.before.nickname
        return profiles.clean_nickname(self.cleaned_data["app_nickname"])

    def clean_app_avatar(self) -> AppProfile.Avatar:
        """Return the choice; what did not come back stays as it was."""
        return AppProfile.Avatar(self.cleaned_data["app_avatar"] or self.before.avatar_choice)

    def clean_app_picture(self) -> bytes | None:
        """Return the picture as it will be kept: the one that came now, or the one that came before."""
        upload = self.cleaned_data.get("app_picture")
        self._picture = pictures.reencode(upload) if upload is not None else self._kept()
        if upload is not None and self.cleaned_data.get("app_avatar") not in {None, AppProfile.Avatar.OTHER}:
            self.add_error("app_picture", ValidationError(_("To show this picture, choose “Another picture” above.")))
        return self._picture

    def _kept(self) -> bytes | None:
        try:
            content = base64.b64decode(self.data.get("app_picture_kept", ""), validate=True)
        except (binascii.Error, ValueError):
            return None
        return pictures.reencode(ContentFile(content)) if content else None

    def clean(self) -> dict[str, Any]:
        """Want a picture where another picture is to be shown."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        has_picture = cleaned.get("app_picture") is not None or bool(self.before.avatar)
        is_other = cleaned.get("app_avatar") == AppProfile.Avatar.OTHER
        if is_other and not has_picture and "app_picture" not in self.errors:
            self.add_error("app_picture", ValidationError(_("Choose a picture."), code="no_picture"))
        return cleaned

    def chosen(self) -> Chosen:
        """Return what the person chose; what there was no field for stays as it was. Only for a valid form."""
        return Chosen(
            nickname=self.cleaned_data.get("app_nickname", self.before.nickname),
            avatar=AppProfile.Avatar(self.cleaned_data.get("app_avatar", self.before.avatar_choice)),
            picture=self.cleaned_data.get("app_picture"),
        )

    def as_shown(self) -> AppProfile:
        """Return, unsaved, what the application would be shown by the valid fields of this form."""
        cleaned = getattr(self, "cleaned_data", {})
        return AppProfile(
            nickname=cleaned.get("app_nickname", self.before.nickname),
            avatar_choice=cleaned.get("app_avatar", self.before.avatar_choice),
            avatar_key=self.before.avatar_key,
            updated=self.before.updated,
        )

    @property
    def stored_picture_key(self) -> str:
        """The key of the other picture the application has now, or empty."""
        return self.before.avatar_key if self.before.avatar else ""

    @property
    def picture_address(self) -> str:
        """The picture that came with the form or before it, as an address for the page; else empty."""
        content = self.picture_kept
        return PNG + content if content else ""

    @property
    def picture_kept(self) -> str:
        """The picture that came with the form or before it, as the page sends it back; else empty."""
        return base64.b64encode(self._picture).decode() if self._picture is not None else ""
