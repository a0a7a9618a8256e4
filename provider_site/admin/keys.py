"""Signing keys: seen, rotated and retired here, their private halves never shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.errors import KeyInUse, KeyStepTooEarly
from provider_site.models import SigningKey
from provider_site.security_headers import protect
from provider_site.services import key_life, sessions
from provider_site.services import keys as key_service
from provider_site.signing_settings import ALGORITHMS

_Status = SigningKey.Status


class RotateForm(forms.Form):
    """Whether a key is to sign before applications can be expected to know it."""

    force = forms.BooleanField(
        label=_("Rotate although it is too early"),
        required=False,
        help_text=_("Applications that keep the published keys refuse sign-ins until they read them anew."),
    )


class RetireForm(forms.Form):
    """Whether somebody else may have the key."""

    compromised = forms.BooleanField(
        label=_("Somebody else may have this key: stop trusting it at once"),
        required=False,
        help_text=_(
            "Also where it signs now, and while tokens that it signed are alive. Another key takes its place at once. "
            "Applications trust the old one until they read the published keys anew."
        ),
    )


class AlgorithmFilter(admin.SimpleListFilter):
    """Narrow the list to one algorithm, of those there are: what is in the table is not counted for it."""

    title = _("algorithm")
    parameter_name = "alg"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the algorithms."""
        return [(name, name) for name in ALGORITHMS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SigningKey]) -> QuerySet[SigningKey]:
        """Return the keys of the algorithm chosen."""
        return queryset.filter(alg=self.value()) if self.value() in ALGORITHMS else queryset


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """The keys that sign tokens, and the steps of their life."""

    list_display = ("kid", "alg", "status", "created", "activated_at", "previous_at", "retired_at")
    list_filter = ("status", AlgorithmFilter)
    exclude = ("sealed_private_key",)
    ordering: ClassVar[tuple[str, ...]] = ("-created",)
    change_list_template = "provider_site/admin/key_change_list.html"
    change_form_template = "provider_site/admin/key_change_form.html"

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may rotate and retire keys: seeing them is another permission."""
        return bool(request.user.has_perm("provider_site.rotate_signingkey"))

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the two steps."""
        wrap = self.admin_site.admin_view
        return [
            path("rotate/", wrap(self.rotate_view), name="provider_site_signingkey_rotate"),
            path("<path:object_id>/retire/", wrap(self.retire_view), name="provider_site_signingkey_retire"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Offer the rotation beside the list."""
        url = reverse(f"{self.admin_site.name}:provider_site_signingkey_rotate")
        extra = {"rotate_url": url if self.has_rotate_permission(request) else ""}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer to retire a key that is published."""
        key = context.get("original")
        if key is not None and key.status != _Status.RETIRED and self.has_rotate_permission(request):
            context["retire_url"] = reverse(f"{self.admin_site.name}:provider_site_signingkey_retire", args=[key.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def rotate_view(self, request: HttpRequest) -> HttpResponse:
        """Show what a step would do, and take it."""
        self._want_permission(request)
        form = RotateForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and self._is_proven(request, form):
            try:
                changes = key_life.rotate(force=form.cleaned_data["force"], actor=request.user, request=request)
            except KeyStepTooEarly as error:
                form.add_error(None, _("Too early. Applications know the next key from then on: %(time)s") % _at(error))
            else:
                activated = sum(bool(change.activated) for change in changes)
                text = (
                    ngettext("%(count)d key signs now.", "%(count)d keys sign now.", activated) % {"count": activated}
                    if activated
                    else _("The next keys are published. Rotate again when applications know them.")
                )
                return self._done(request, text)
        context = {"title": _("Rotate the signing keys"), "rows": _rows(), "form": form}
        return self._page(request, "provider_site/admin/key_rotate.html", context)

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether a key is to be retired, and retire it."""
        self._want_permission(request)
        key = self.get_object(request, object_id)
        if key is None or key.status == _Status.RETIRED:
            raise Http404
        form = RetireForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid() and self._is_proven(request, form):
            try:
                if form.cleaned_data["compromised"]:
                    key_life.distrust(kids=[key.pk], actor=request.user, request=request)
                else:
                    key_life.retire(kid=key.pk, actor=request.user, request=request)
            except KeyInUse:
                form.add_error(None, _("It is in use. Rotate the keys first; then it only verifies for a while."))
            except KeyStepTooEarly as error:
                form.add_error(None, _("Too early. Tokens that it signed are alive until then: %(time)s") % _at(error))
            else:
                return self._done(request, _("The key is retired: nothing that it signed is believed any more."))
        address = reverse(f"{self.admin_site.name}:provider_site_signingkey_change", args=[key.pk])
        context = {"title": _("Retire this key"), "key": key, "change_url": address, "form": form}
        return self._page(request, "provider_site/admin/key_retire.html", context)

    def _want_permission(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) and self.has_rotate_permission(request)):
            raise PermissionDenied

    def _is_proven(self, request: HttpRequest, form: forms.Form) -> bool:
        """Tell whether the person signed in a short while ago; else say so: every application feels these steps."""
        if sessions.is_recent(request=request):
            return True
        form.add_error(None, _("Nothing was done: you signed in a while ago. Sign out and in again first."))
        return False

    def _done(self, request: HttpRequest, text: Any) -> HttpResponse:
        self.message_user(request, text, messages.SUCCESS, fail_silently=True)
        return redirect(f"{self.admin_site.name}:provider_site_signingkey_changelist")

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return protect(TemplateResponse(request, template, whole))


def _at(error: KeyStepTooEarly) -> dict[str, str]:
    return {"time": date_format(timezone.localtime(error.at), "DATETIME_FORMAT")}


def _rows() -> list[dict[str, Any]]:
    """Return, for each algorithm, what signs now and what would sign next."""
    keys = list(SigningKey.objects.filter(status__in=(_Status.ACTIVE, _Status.NEXT)).order_by("created"))
    rows = []
    for alg in key_service.algorithms():
        mine = {key.status: key for key in reversed(keys) if key.alg == alg}
        following = mine.get(_Status.NEXT)
        ready = key_life.ready_at(following) if following is not None else None
        rows.append(
            {
                "alg": alg,
                "active": mine.get(_Status.ACTIVE),
                "next": following,
                "ready_at": ready,
                "too_early": ready is not None and timezone.now() < ready,
            }
        )
    return rows
