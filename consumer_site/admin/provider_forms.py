"""The form of one sign-in provider, with the fields of its kind alone."""

from __future__ import annotations

from typing import Any, ClassVar

import allauth.app_settings
from allauth.socialaccount.providers import registry
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.debug import sensitive_variables

from consumer_site import social_apps
from consumer_site.admin import setting_fields
from consumer_site.admin.kinds import HOUSE, Kind
from consumer_site.conf import PROVIDER_ID, RESERVED_PROVIDER_IDS, consumer_settings
from consumer_site.models.sign_in_provider import SignInProvider

_MOVED = _(
    "Enter the secret again: it was stored for another ID or issuer, and is never sent anywhere but where it was for."
)


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """One row. The stored secret is never shown; an empty field keeps it where ID and issuer stay as they are."""

    kind: ClassVar[Kind] = HOUSE

    new_secret = forms.CharField(
        required=False,
        strip=True,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"class": "vTextField", "autocomplete": "new-password"}),
    )
    forget_secret = forms.BooleanField(
        label=_("Delete the stored secret"),
        required=False,
        help_text=_("For a client that proves itself by a key, or not at all."),
    )

    class Meta:
        model = SignInProvider
        fields: ClassVar[list[str]] = ["name", "provider_id", "client_id", "key"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill the fields of the kind with what is stored."""
        super().__init__(*args, **kwargs)
        self.had_secret = bool(self.instance.pk) and social_apps.has_secret(self.instance)
        self.moved_from = social_apps.binding_of(self.instance) if self.instance.pk else ""
        stored = social_apps.settings_of(self.instance)
        for name in self.kind.settings:
            self.initial.setdefault(name, setting_fields.shown(name, stored.get(name)))
        self._word()
        self._leave_out()

    def _word(self) -> None:
        """Say it in the words of the kind."""
        if not self.instance.pk and self.kind.name:
            self.initial.setdefault("name", self.kind.name)
        words: dict[str, tuple[Any, Any]] = {
            "name": (pgettext_lazy("sign-in provider", "Name"), _("As people read it on the button.")),
            "client_id": (self.kind.client_id, ""),
            "new_secret": (
                self.kind.secret,
                _("A secret is stored, and never shown. Leave this empty to keep it.")
                if self.had_secret
                else _("It is stored sealed, and never shown again."),
            ),
            "provider_id": (
                _("ID"),
                _("It can't change: it is part of the addresses registered at the provider and of people's accounts.")
                if self.instance.pk
                else _(
                    "Empty for the only one, or the first. Each further one needs an ID, which becomes part of its "
                    "addresses: lower-case letters, digits and hyphens. It can't change later."
                ),
            ),
            "key": (_("Key"), _("Only a few providers have one.")),
        }
        for name, (label, help_text) in words.items():
            if name in self.fields:
                self.fields[name].label, self.fields[name].help_text = label, help_text
        self.fields["client_id"].widget.attrs |= {"spellcheck": "false", "autocapitalize": "none"}
        if "provider_id" in self.fields:
            self.fields["provider_id"].disabled = bool(self.instance.pk)

    def _leave_out(self) -> None:
        """Drop what this kind, or this entry, has no use for: declared fields are in every form."""
        if not (self.had_secret and self.kind is HOUSE):
            del self.fields["forget_secret"]

    def clean_client_id(self) -> str:
        """Refuse white space within, a slip of copying; OpenID providers' may have spaces (RFC 6749 appendix A.1)."""
        value: str = self.cleaned_data["client_id"].strip()
        allowed = " " if self.kind is HOUSE else ""
        if any(character.isspace() and character not in allowed for character in value):
            raise ValidationError(_("There is a space in it: copy it again."))
        return value

    def clean_provider_id(self) -> str:
        """Refuse an id that can't stand in an address, or is the name of something else."""
        value: str = self.cleaned_data["provider_id"]
        if self.instance.pk or not value:
            return value
        if not PROVIDER_ID.match(value):
            raise ValidationError(_("Use lower-case letters, digits and hyphens only, and 60 of them at most."))
        # Accounts carry the id: by another connector's name they would be the other connector's people.
        if value in RESERVED_PROVIDER_IDS or registry.get_class(value) is not None:
            raise ValidationError(_("This word means something else here: choose another."))
        return value

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Judge the fields together."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_alone(cleaned)
        new, forget = cleaned.get("new_secret"), cleaned.get("forget_secret")
        if new and forget:
            self.add_error("forget_secret", _("Either enter a new secret or delete the stored one."))
        if self.had_secret and not new and not forget and self._is_moved(cleaned):
            self.add_error("new_secret", _MOVED)
        if not self.had_secret and not new and self.kind is not HOUSE and not self.kind.has_key:
            self.add_error("new_secret", _("Without it nobody can sign in."))
        if (new or self.instance.secret) and not consumer_settings.KEY_RING:
            self.add_error("new_secret", _('CONSUMER_SITE["KEY_RING"] is not set, so nothing can be sealed.'))
        return cleaned

    def _check_alone(self, cleaned: dict[str, Any]) -> None:
        """Refuse a second OpenID provider at the same addresses: the answers of one would be taken for the other's."""
        own = cleaned.get("provider_id", "") or self.kind.provider
        if not self.kind.has_id or cleaned.get("hidden") or "provider_id" in self.errors:
            return
        rows = SignInProvider.objects.filter(provider=self.kind.provider).exclude(pk=self.instance.pk)
        twins = [row for row in rows if social_apps.provider_id_of(row) == own]
        if any(not social_apps.settings_of(row).get("hidden") for row in twins):
            name = "provider_id" if not self.instance.pk else None
            self.add_error(name, _("Another entry has this ID, or also has none: each needs one of its own."))

    def _is_moved(self, cleaned: dict[str, Any]) -> bool:
        there = SignInProvider(
            provider=self.kind.provider,
            client_id=cleaned.get("client_id", ""),
            settings={**social_apps.settings_of(self.instance), "server_url": cleaned.get("server_url", "")}
            if "server_url" in self.kind.settings
            else social_apps.settings_of(self.instance),
        )
        return "client_id" in cleaned and social_apps.binding_of(there) != self.moved_from

    @sensitive_variables()
    def save(self, commit: bool = True) -> Any:
        """Store the row; what the settings hold beside the fields stays, and a secret in clear is sealed."""
        app, cleaned = self.instance, self.cleaned_data
        app.provider = self.kind.provider
        values = {name: setting_fields.written(name, cleaned.get(name)) for name in self.kind.settings}
        kept = {name: value for name, value in social_apps.settings_of(app).items() if name not in values}
        app.settings = kept | {name: value for name, value in values.items() if value is not None}
        if cleaned.get("new_secret") or cleaned.get("forget_secret"):
            social_apps.seal_secret(app, cleaned.get("new_secret") or "")
        elif app.secret:
            social_apps.seal_secret(app, app.secret)
        return super().save(commit)


def form_for(kind: Kind) -> type[EntryForm]:
    """Return the form of one kind."""
    fields = {name: setting_fields.FIELDS[name]() for name in kind.settings}
    return type("EntryForm", (EntryForm,), {"kind": kind, **fields})


def fieldsets(kind: Kind, *, with_sites: bool, had_secret: bool) -> list[tuple[Any, dict[str, Any]]]:
    """Return the fields in the order in which people fill them in."""
    secret = ["new_secret", *(["forget_secret"] if had_secret and kind is HOUSE else [])]
    first = [
        "name",
        *(["server_url"] if "server_url" in kind.settings else []),
        "client_id",
        *secret,
        *(["key"] if kind.has_key else []),
        *(["provider_id"] if kind.has_id else []),
    ]
    rest = [name for name in kind.settings if name != "server_url"]
    sites = ["sites"] if with_sites else []
    return [(None, {"fields": first}), (_("How it works"), {"fields": [*rest, *sites]})]


def has_sites() -> bool:
    """Tell whether entries are for some of the project's sites (django.contrib.sites)."""
    return bool(allauth.app_settings.SITES_ENABLED)
