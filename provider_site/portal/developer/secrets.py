"""An application's secrets: made and shown once, rotated with overlap, revoked at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from provider_site.conf import provider_settings
from provider_site.models import ClientSecret
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.portal.recent_sign_in import RecentSignInMixin
from provider_site.services import secrets

_NO_END = "none"
_OVERLAPS = {
    "0": _("At once"),
    "3600": _("After 1 hour"),
    "86400": _("After 1 day"),
    "604800": _("After 7 days"),
    "2592000": _("After 30 days"),
}


def _lifetimes() -> list[tuple[str, str]]:
    return [
        (str(days), ngettext("%(days)s day", "%(days)s days", days) % {"days": days})
        if days is not None
        else (_NO_END, str(_("Without an end")))
        for days in secrets.lifetimes()
    ]


class IssueForm(forms.Form):
    """Name and lifetime of a new secret, and which secrets there were when the form was made."""

    name = forms.CharField(
        label=pgettext_lazy("client secret", "Name"),
        required=False,
        max_length=secrets.MAX_NAME,
        help_text=_("For your own reference: where this secret is used, such as “web server”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lifetime = forms.ChoiceField(label=_("Works for"), choices=_lifetimes)
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    @property
    def terms(self) -> dict[str, Any]:
        """What the service is to be told, once the form is valid."""
        chosen = self.cleaned_data
        expires_in = None if chosen["lifetime"] == _NO_END else timedelta(days=int(chosen["lifetime"]))
        return {"name": chosen["name"], "expires_in": expires_in, "seen": chosen["seen"]}


class RotateForm(IssueForm):
    """The same for a secret that takes the place of the others."""

    overlap = forms.ChoiceField(
        label=_("The other secrets stop working"),
        choices=list(_OVERLAPS.items()),
        initial="86400",
        help_text=_("Long enough to put the new secret in place everywhere."),
    )

    @property
    def terms(self) -> dict[str, Any]:
        """What the service is to be told, once the form is valid."""
        return super().terms | {"overlap": timedelta(seconds=int(self.cleaned_data["overlap"]))}


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One secret on the page. ``state`` is ``live``, ``soon`` (live, but not for long), ``ended`` or ``revoked``."""

    secret: ClientSecret
    state: str


def _row(secret: ClientSecret) -> SecretRow:
    if secret.revoked_at is not None:
        return SecretRow(secret, "revoked")
    if not secrets.is_live(secret=secret):
        return SecretRow(secret, "ended")
    end = secret.expires_at
    return SecretRow(secret, "soon" if end and end - timezone.now() <= provider_settings.secret_warning else "live")


class _SecretsPage(OwnedApplicationMixin, RecentSignInMixin):
    def return_address(self) -> str:
        """Come back to the list."""
        return reverse("provider_site:developer-secrets", args=[self.application.pk])

    def answer(
        self,
        request: HttpRequest,
        *,
        issue_form: IssueForm | None = None,
        rotate_form: RotateForm | None = None,
        repeated: Sequence[str] = (),
        status: int = 200,
    ) -> HttpResponse:
        """Show the list, and the forms as they were filled in."""
        rows = [_row(secret) for secret in secrets.listed(application=self.application)]
        live = [row for row in rows if row.state in {"live", "soon"}]
        has_legacy = secrets.has_legacy_secret(application=self.application)
        lifetimes = [days for days in secrets.lifetimes() if days is not None]
        initial = {
            "seen": secrets.newest(application=self.application),
            "lifetime": str(365 if 365 in lifetimes else max(lifetimes)),
        }
        context = {
            "live": live,
            "ended": [row for row in rows if row.state not in {"live", "soon"}],
            "has_legacy": has_legacy,
            "is_last": len(live) + has_legacy == 1,
            "can_rotate": bool(live) or has_legacy,
            "is_full": len(live) >= secrets.MAX_LIVE,
            "limit": secrets.MAX_LIVE,
            "issue_form": issue_form or IssueForm(initial=initial, auto_id="issue-%s"),
            "rotate_form": rotate_form or RotateForm(initial=initial, auto_id="rotate-%s"),
            "repeated": repeated,
            "not_done": self.not_done,
        }
        return self.page(request, "provider_site/developer/secrets.html", context, status=status)

    def make(self, request: HttpRequest, form: IssueForm, name_of_form: str, make: Callable[..., str]) -> HttpResponse:
        """Call ``make`` for a valid form that was not sent before, and show the secret: here and nowhere else.

        Not by a redirect, as a new page would have to fetch the text from where it was kept meanwhile.
        """
        if not form.is_valid():
            return self._refused(request, form, name_of_form)
        try:
            with transaction.atomic():
                text = make(application=self.application, actor=request.user, request=request, **form.terms)
                made = ClientSecret.objects.get(pk=secrets.newest(application=self.application))
        except ValidationError as error:
            if error.code == "repeated":
                return self.answer(request, repeated=error.messages, status=409)
            form.add_error(None, error)
            return self._refused(request, form, name_of_form)
        context = {"secret_text": text, "secret": made}
        return self.page(request, "provider_site/developer/secret_once.html", context)

    def _refused(self, request: HttpRequest, form: Any, name_of_form: str) -> HttpResponse:
        return self.answer(request, **{name_of_form: form}, status=400)


class SecretsView(_SecretsPage):
    """List an application's secrets."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show what is known of each, which is never the secret itself."""
        return self.answer(request)


class IssueSecretView(_SecretsPage):
    """Make a further secret."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Make it and show it this once."""
        form = IssueForm(request.POST, auto_id="issue-%s")
        return self.make(request, form, "issue_form", secrets.issue_secret)


class RotateSecretsView(_SecretsPage):
    """Make a secret that takes the place of the others."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Make it, show it this once, and let the others end."""
        form = RotateForm(request.POST, auto_id="rotate-%s")
        return self.make(request, form, "rotate_form", secrets.rotate)


class RevokeSecretView(_SecretsPage):
    """End a secret at once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str, secret_id: int) -> HttpResponse:
        """Revoke and go back to the list. Raises Http404 for another application's secret."""
        secret = ClientSecret.objects.filter(application=self.application, pk=secret_id).first()
        if secret is None:
            raise Http404
        if secrets.revoke(secret=secret, actor=request.user, request=request):
            text = _("The secret %(secret)s is revoked.") % {"secret": secret.name or secret}
            messages.success(request, text, fail_silently=True)  # a host may have no messages
        return redirect(self.return_address())


class RevokeLegacySecretView(_SecretsPage):
    """End the secret from before this app was installed."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Revoke it and go back to the list."""
        if secrets.has_legacy_secret(application=self.application):
            secrets.revoke_legacy(application=self.application, actor=request.user, request=request)
            messages.success(request, _("The old secret is revoked."), fail_silently=True)
        return redirect(self.return_address())
