"""Which subject an application is given, in its admin page: chosen, warned of, and settled with its sector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from provider_site.models import Registration
from provider_site.policy.sectors import Document
from provider_site.services import sectors, subjects

_PREFIX = "registration-0-"
_SECTOR_FIELDS = ("sector_identifier", "sector_identifier_uri", "sector_redirect_uris")
_Type = Registration.SubjectType
# People an application may have known are counted so far; beyond, the page says "1000+".
_MANY = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sector identifier URI of a page that was sent answered, or why it could not be read."""

    document: Document | None = None
    error: ValidationError | None = None


def _link() -> forms.URLField:
    return forms.URLField(
        label=_("Sector identifier URI"),
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=_(
            "Only for pairwise subjects of an application with redirect URIs on several hosts: an https address that "
            "answers with the JSON list of all of them (OpenID Connect Registration 5)."
        ),
    )


def read(request: HttpRequest, object_id: Any) -> Reading:
    """Read the sector identifier URI that a page was sent with, where it has to be read."""
    sent = request.POST
    if sent.get(f"{_PREFIX}subject_type") != _Type.PAIRWISE:
        return Reading()
    registration = Registration.objects.filter(application=object_id).first() if object_id else None
    given = sent.get("redirect_uris")  # not sent by who may not change it
    known = registration.application.redirect_uris if registration is not None else ""
    try:
        uri = _link().clean(sent.get(f"{_PREFIX}sector_identifier_uri", ""))
        uris = (known if given is None else given).split()
        return Reading(sectors.known_or_read(registration=registration, uri=uri, redirect_uris=uris))
    except ValidationError as error:
        return Reading(error=error)


class SectorReadings:
    """An application's admin page, which reads a sector identifier URI before Django opens its transaction."""

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
        """Read it for who may save the page."""
        admin: Any = self
        may = admin.has_change_permission(request) if object_id else admin.has_add_permission(request)
        if request.method == "POST" and may:
            vars(request)["_provider_site_sector"] = read(request, object_id)
        answer: HttpResponse = super().changeform_view(request, object_id, *args, **kwargs)  # type: ignore[misc]  # a mixin
        return answer


def reading_of(request: HttpRequest) -> Reading:
    """Return what was read for this request."""
    reading: Reading = vars(request).get("_provider_site_sector", Reading())
    return reading


class SubjectChoice(forms.ModelForm[Registration]):
    """The part of a registration's form about subjects. ``settle`` ends it, once the redirect URIs are known."""

    # Set by the inline that makes the class anew for each request.
    reading = Reading()
    asks_about_accounts = False

    sector_identifier_uri = _link()
    orphan_accounts = forms.BooleanField(label=_("Give up every account at the application"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what can be chosen, and ask what a change does to people."""
        super().__init__(*args, **kwargs)
        self.settled: list[str] = []
        self.sector_changes: list[dict[str, str]] = []
        is_new = self.instance._state.adding
        if not self.asks_about_accounts:
            self.fields.pop("orphan_accounts", None)
        elif not is_new:
            self._warn()
        may_be_legacy = not is_new and (self.instance.subject_type == _Type.LEGACY or self.instance.taken_over_at)
        if "subject_type" in self.fields and not may_be_legacy:
            field: Any = self.fields["subject_type"]
            field.choices = [choice for choice in _Type.choices if choice[0] != _Type.LEGACY]

    def _warn(self) -> None:
        number = subjects.known_people(application=self.instance.application_id, at_most=_MANY + 1)
        self.fields["orphan_accounts"].help_text = ngettext_lazy(
            "Only where you change the subject identifier. %(number)s person has used the application and would be "
            "somebody new to it: it can't find the account it made for them. All its tokens end.",
            "Only where you change the subject identifier. %(number)s people have used the application and would be "
            "somebody new to it: it can't find the accounts it made for them. All its tokens end.",
            number,
        ) % {"number": number if number <= _MANY else f"{_MANY}+"}

    def clean(self) -> dict[str, Any] | None:
        """Change the subject of an application in use only for who says that it is meant."""
        cleaned = super().clean()
        is_changed = "subject_type" in self.changed_data
        if is_changed and "orphan_accounts" in self.fields and not self.cleaned_data.get("orphan_accounts"):
            text = _("Everybody who has used the application would be somebody new to it. Tick this if that is meant.")
            self.add_error("orphan_accounts", text)
        elif self.cleaned_data.get("orphan_accounts") and not is_changed:
            self.add_error("orphan_accounts", _("You have not changed the subject identifier, so nothing is given up."))
        return cleaned

    def settle(self, *, application: Any) -> None:
        """Settle the sector with the application's redirect URIs as they are in its own form."""
        registration = self.instance
        if self.errors or "subject_type" not in self.cleaned_data:
            return
        before = {name: getattr(registration, name) for name in _SECTOR_FIELDS}
        before["sector_identifier_uri"] = self.initial.get("sector_identifier_uri") or ""
        if registration.subject_type != _Type.PAIRWISE:
            registration.sector_identifier_uri, registration.sector_redirect_uris = "", []
        elif self._has_moved(application):
            self._choose(application)
        if self.errors:
            return
        self.settled = [name for name, value in before.items() if getattr(registration, name) != value]
        if "orphan_accounts" in self.fields and "subject_type" in self.changed_data:
            # A token would go on with one subject and be renewed with another (OpenID Core 12.2).
            registration.tokens_not_before = timezone.now()
            self.settled.append("tokens_not_before")
        if before["sector_identifier"] != registration.sector_identifier:
            change = {"before": str(before["sector_identifier"]), "after": registration.sector_identifier}
            self.sector_changes = [{"fact": "sector_identifier", **change}]

    def _has_moved(self, application: Any) -> bool:
        """Tell whether anything the sector is made of differs; the rest of the page is saved whatever it is."""
        if {"subject_type", "sector_identifier_uri"} & set(self.changed_data) or self.instance._state.adding:
            return True
        rows = type(application)._default_manager.filter(pk=application.pk)
        known = (rows.values_list("redirect_uris", flat=True).first() or "").split()
        return not set(application.redirect_uris.split()) <= set(known)

    def _choose(self, application: Any) -> None:
        if self.reading.error is not None:
            self.add_error("sector_identifier_uri", self.reading.error)
            return
        try:
            sectors.choose(
                registration=self.instance,
                client_id=application.client_id,
                redirect_uris=application.redirect_uris.split(),
                document=self.reading.document,
            )
        except ValidationError as error:
            self.add_error("sector_identifier_uri", error)
