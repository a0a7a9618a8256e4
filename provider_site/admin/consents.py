"""Consents, for support: found, read, and ended with a reason. Only the person gives or widens one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.admin import consent_details
from provider_site.admin.read_only import FoundByName
from provider_site.models import AuditEvent, Consent
from provider_site.policy.scopes import Text
from provider_site.security_headers import protect
from provider_site.services import consent_support, people
from provider_site.services.applications import application_model

END = "provider_site.end_consent"
_BEGIN_ALIKE = 20
_OPEN = "open"
_IN_ROW = 6


class StateFilter(admin.SimpleListFilter):
    """Open, or why it is over: both by the index of the reason, which is empty in an open one."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what is open, and each reason."""
        return [(_OPEN, _("Open")), *Consent.ClosedReason.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        """Keep the consents in the state chosen."""
        if self.value() == _OPEN:
            return queryset.filter(closed_reason="", closed_at=None)
        return queryset.filter(closed_reason=self.value()) if self.value() in Consent.ClosedReason.values else queryset


class SourceFilter(admin.SimpleListFilter):
    """Whose decision it was, by its index."""

    title = pgettext_lazy("consent", "decision")  # Django puts "By" before it
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return list(Consent.Source.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        """Keep the consents of the source chosen."""
        return queryset.filter(source=self.value()) if self.value() in Consent.Source.values else queryset


class UnusedFilter(admin.SimpleListFilter):
    """Those whose person was told that they end because nothing uses them; few, with an index of their own."""

    title = _("use")
    parameter_name = "unused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the one choice."""
        return [("warned", _("The person was told"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        """Keep those the person was told about."""
        return queryset.filter(unused_warned_at__isnull=False) if self.value() == "warned" else queryset


class EndForm(forms.Form):
    """Why a person's consent is ended for them."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60}),
        help_text=_("The person is told it by e-mail. It stays in the audit trail."),
    )


@admin.register(Consent)
class ConsentAdmin(FoundByName):
    """What people allow which application, newest row first."""

    list_display = ("user", "application", "state", "decided_by", "scopes_begin", "given_at", "ends", "last_used_at")
    list_select_related = ("user", "application__registration")
    list_filter = (StateFilter, SourceFilter, UnusedFilter)
    search_help_text = _("A client ID or user name, or how one begins.")
    fields = (
        *("user", "application", "state", "source", "duration_chosen", "given_at", "ends", "last_used_at"),
        *("unused_warned_at", "closed_at", "language", "wording_version"),
    )
    change_form_template = "provider_site/admin/consent_change_form.html"

    @admin.display(description=_("state"))
    def state(self, consent: Consent) -> Text:
        """Return whether it holds now."""
        return consent_details.state(consent)

    @admin.display(description=_("ends"))
    def ends(self, consent: Consent) -> Text:
        """Return when the last of it ends by itself."""
        end = consent_details.ends(consent)
        return date_format(timezone.localtime(end), "DATETIME_FORMAT") if end is not None else _("when withdrawn")

    @admin.display(description=pgettext_lazy("consent", "decided by"))
    def decided_by(self, consent: Consent) -> Text:
        """Return whose decision it is, in a word."""
        return _("Administrator") if consent.source == Consent.Source.FIRST_PARTY else _("Person")

    @admin.display(description=_("Scopes"))
    def scopes_begin(self, consent: Consent) -> str:
        """Return the first of the scopes: a row of sixty would hide those after it; its own page says them all."""
        names = consent.scope.split()
        return " ".join(names[:_IN_ROW]) + (f" … +{len(names) - _IN_ROW}" if len(names) > _IN_ROW else "")

    @admin.display(description=_("chosen duration"))
    def duration_chosen(self, consent: Consent) -> str:
        """Return for how long the person chose."""
        return consent_details.duration(consent) or "-"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search the whole client ID or user name first, then the first few that begin with the words."""
        found, doubles = super().get_search_results(request, queryset, search_term)
        term = search_term.strip()
        if not term or "\x00" in term or self._is_known(term):
            return found, doubles
        model = get_user_model()
        alike = application_model()._default_manager.filter(client_id__startswith=term).order_by("client_id")
        if keys := list(alike.values_list("pk", flat=True)[:_BEGIN_ALIKE]):
            return queryset.filter(application__in=keys), False
        named = model._default_manager.filter(**{f"{model.USERNAME_FIELD}__startswith": term})
        keys = list(named.order_by(model.USERNAME_FIELD).values_list("pk", flat=True)[:_BEGIN_ALIKE])
        return queryset.filter(user__in=keys), False

    def _is_known(self, term: str) -> bool:
        is_client = application_model()._default_manager.filter(client_id=term).exists()
        return is_client or people.named(name=term) is not None

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may end consents: seeing them is another permission."""
        return bool(request.user.has_perm(END))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that ends a consent."""
        view = self.admin_site.admin_view(self.end_view)
        return [path("<path:object_id>/end/", view, name="provider_site_consent_end"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put beside the fields everything else there is of the consent."""
        consent = context.get("original")
        if consent is not None:
            with_events = bool(request.user.has_perm(f"provider_site.view_{AuditEvent._meta.model_name}"))
            context.update(consent_details.details(consent, with_events=with_events))
            if consent.closed_at is None and self.has_end_permission(request):
                context["end_url"] = reverse(f"{self.admin_site.name}:provider_site_consent_end", args=[consent.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, and end the consent."""
        consent = self.get_object(request, object_id)
        if not (self.has_view_permission(request, consent) and self.has_end_permission(request)):
            raise PermissionDenied
        if consent is None:
            raise Http404
        address = reverse(f"{self.admin_site.name}:provider_site_consent_change", args=[consent.pk])
        form = EndForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                ended = consent_support.end_consent(
                    consent=consent, actor=request.user, reason=form.cleaned_data["reason"], request=request
                )
            except ValidationError as error:
                form.add_error("reason", error)
            else:
                if ended:
                    self.log_change(request, consent, str(_("Ended.")))
                level, text = (
                    (messages.SUCCESS, _("Ended.")) if ended else (messages.WARNING, _("It was over already."))
                )
                self.message_user(request, text, level, fail_silently=True)
                return redirect(address)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("End this consent"),
            "consent": consent,
            "state": consent_details.state(consent),
            "change_url": address,
            "form": form,
        }
        return protect(TemplateResponse(request, "provider_site/admin/consent_end.html", context))
