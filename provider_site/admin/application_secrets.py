"""The pages that issue, rotate and revoke an application's secrets; a new one is shown on the answer page, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from provider_site.models import ClientSecret
from provider_site.security_headers import protect
from provider_site.services import secrets

ISSUE, REVOKE = "provider_site.add_clientsecret", "provider_site.delete_clientsecret"
_OVERLAPS = (7, 1, 30, 0)


def _days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


class SecretForm(forms.Form):
    """A new secret: what it is for, and how long it works."""

    name = forms.CharField(
        label=pgettext_lazy("client secret", "Name"),
        required=False,
        max_length=secrets.MAX_NAME,
        help_text=_("To tell it from the others, such as the server that uses it."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )
    days = forms.ChoiceField(label=_("Works for"))
    # The newest secret when the form was made: of two clicks, or one form sent again, one makes a secret.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the lifetimes the site allows, the longest first chosen."""
        super().__init__(*args, **kwargs)
        offered = secrets.lifetimes()
        choices = [(str(days or ""), _days(days) if days is not None else _("without an end")) for days in offered]
        self.fields["days"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["days"].required = None not in offered
        self.fields["days"].initial = choices[-1][0]

    @property
    def terms(self) -> dict[str, Any]:
        """What the service is to be told, once the form is valid."""
        chosen = self.cleaned_data
        expires_in = timedelta(days=int(chosen["days"])) if chosen["days"] else None
        return {"name": chosen["name"], "expires_in": expires_in, "seen": chosen["seen"] or None}


class RotationForm(SecretForm):
    """A new secret in the place of all others."""

    overlap = forms.TypedChoiceField(
        label=_("The others go on working for"),
        coerce=int,
        help_text=_("Long enough to bring the new secret to wherever the application runs."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer overlaps, a week first."""
        super().__init__(*args, **kwargs)
        choices = [(str(days), _days(days) if days else _("no time: they end now")) for days in _OVERLAPS]
        self.fields["overlap"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's

    @property
    def terms(self) -> dict[str, Any]:
        """What the service is to be told, once the form is valid."""
        return super().terms | {"overlap": timedelta(days=self.cleaned_data["overlap"])}


class SecretPages:
    """For the admin of applications: the pages about secrets."""

    admin_site: Any
    opts: Any
    get_object: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    log_change: Callable[..., Any]
    message_user: Callable[..., Any]
    change_url: Callable[[Any], str]

    def secret_urls(self) -> list[URLPattern]:
        """Return the addresses of these pages."""
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/secret/", view(self.issue_secret), name="provider_site_issue_secret"),
            path("<path:object_id>/secret/rotate/", view(self.rotate_secrets), name="provider_site_rotate_secrets"),
            path(
                "<path:object_id>/secret/legacy/revoke/",
                view(self.revoke_legacy_secret),
                name="provider_site_revoke_legacy_secret",
            ),
            path(
                "<path:object_id>/secret/<int:secret_id>/revoke/",
                view(self.revoke_secret),
                name="provider_site_revoke_secret",
            ),
        ]

    def _confidential(self, request: HttpRequest, object_id: str, *permissions: str) -> Any:
        application = self.get_object(request, object_id)
        if not self.has_view_permission(request, application) or not request.user.has_perms(permissions):
            raise PermissionDenied
        if application is None or application.client_type != "confidential":
            raise Http404
        return application

    def issue_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue a further secret and show it once; the others go on working."""
        application = self._confidential(request, object_id, ISSUE)
        form = SecretForm(request.POST if request.method == "POST" else None)

        text = _("The other secrets go on working. The owners are told by e-mail that a secret was issued.")
        words = {"title": _("Issue a secret"), "effect": text}
        return self._new_secret(request, application, form, secrets.issue_secret, **words)

    def rotate_secrets(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue a secret, show it once, and let the others end."""
        application = self._confidential(request, object_id, ISSUE, REVOKE)
        form = RotationForm(request.POST if request.method == "POST" else None)

        text = _("A new secret is made, and every other one ends: at once, or when the time you choose is over.")
        words = {"title": _("Rotate the secrets"), "effect": text}
        return self._new_secret(request, application, form, secrets.rotate, **words)

    def _new_secret(
        self, request: HttpRequest, application: Any, form: SecretForm, make: Callable[..., str], **words: Any
    ) -> HttpResponse:
        if request.method == "POST" and form.is_valid():
            try:
                text = make(application=application, actor=request.user, request=request, **form.terms)
            except ValidationError as error:
                form.add_error("name" if error.code == "name" else None, error)
            else:
                self.log_change(request, application, str(words["title"]))
                return self.secret_page(request, application, text)
        seen = secrets.newest(application=application)
        return self._page(request, application, "secret_form.html", {"form": form, "seen": seen, **words})

    def revoke_secret(self, request: HttpRequest, object_id: str, secret_id: int) -> HttpResponse:
        """Ask, then end one secret at once."""
        application = self._confidential(request, object_id, REVOKE)
        secret = ClientSecret.objects.filter(application=application, pk=secret_id).first()
        if secret is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, application, "secret_revoke.html", {"secret": secret})
        secrets.revoke(secret=secret, actor=request.user, request=request)
        return self._revoked(request, application)

    def revoke_legacy_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then end the secret an application brought from before this app was installed."""
        application = self._confidential(request, object_id, REVOKE)
        if not secrets.has_legacy_secret(application=application):
            raise Http404
        if request.method != "POST":
            return self._page(request, application, "secret_revoke.html", {"secret": None})
        secrets.revoke_legacy(application=application, actor=request.user, request=request)
        return self._revoked(request, application)

    def _revoked(self, request: HttpRequest, application: Any) -> HttpResponse:
        self.log_change(request, application, str(_("Secret revoked")))
        self.message_user(request, _("The secret opens nothing any more."), messages.SUCCESS)
        return redirect(self.change_url(application))

    def secret_page(self, request: HttpRequest, application: Any, text: str) -> HttpResponse:
        """Show a new secret; it is kept nowhere, so not in a message either."""
        return self._page(request, application, "secret_once.html", {"title": _("The client secret"), "secret": text})

    def _page(self, request: HttpRequest, application: Any, template: str, context: dict[str, Any]) -> HttpResponse:
        known = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Revoke a secret"),
            "application": application,
            "change_url": self.change_url(application),
            **context,
        }
        return protect(TemplateResponse(request, f"provider_site/admin/{template}", known))
