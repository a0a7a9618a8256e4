"""One admin page per application: DOT's application with our registration, scopes and secrets beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _

from provider_site.admin import application_search
from provider_site.admin.application_first_party import FirstPartyPage
from provider_site.admin.application_forms import FACTS_SEEN, ApplicationForm, facts_digest
from provider_site.admin.application_inlines import RegistrationInline, ScopeInline, facts_open
from provider_site.admin.application_panel import panel
from provider_site.admin.application_secrets import SecretPages
from provider_site.admin.application_steps import StepPages
from provider_site.admin.bounded import BoundedAdmin
from provider_site.admin.fact_rows import NAMES
from provider_site.admin.review_actions import queue_length
from provider_site.admin.subject_choice import SectorReadings
from provider_site.admin.usage import application_usage
from provider_site.models import Registration
from provider_site.policy import facts as fact_policy
from provider_site.services import applications, changes, deletion, facts, first_party, reviews, roles, secrets

_ADDRESSES = ("redirect_uris", "post_logout_redirect_uris", "allowed_origins")


def _other_changes(form: Any, formsets: Any) -> list[dict[str, str]]:
    """Return what a change page changed beside the facts, each with its text before and after."""
    forms = [form, *(one for formset in formsets if formset.model is Registration for one in formset.forms)]
    changed = [
        {
            "fact": name,
            "before": str(one[name].initial if one[name].initial is not None else ""),
            "after": str(getattr(one.cleaned_data[name], "pk", one.cleaned_data[name])),
        }
        for one in forms
        for name in one.changed_data
        if name not in NAMES and name in one.cleaned_data
    ]
    return changed + [change for one in forms for change in getattr(one, "sector_changes", ())]


class ApplicationAdmin(SectorReadings, StepPages, FirstPartyPage, SecretPages, BoundedAdmin):
    """Register applications and look after them. No secret or hash is ever shown after its creation."""

    form = ApplicationForm
    inlines = (RegistrationInline, ScopeInline)
    fieldsets = (
        (None, {"fields": ("name", "client_id", "client_type", "authorization_grant_type")}),
        (_("Addresses"), {"fields": _ADDRESSES}),
    )
    list_display = ("name", "status", "owner", "client_type", "created", "client_id")
    list_filter = ("registration__status", "client_type")
    list_select_related = ("registration__owner",)
    search_fields = ("name",)  # shows the field; get_search_results is what searches
    search_help_text = application_search.HELP
    actions = ("approve_chosen", "suspend_chosen", "reinstate_chosen")
    view_on_site = False
    change_form_template = "provider_site/admin/application_change_form.html"
    change_list_template = "provider_site/admin/application_change_list.html"

    @admin.display(description=_("status"))
    def status(self, application: Any) -> str:
        """Return the review state in words."""
        registration = getattr(application, "registration", None)
        return registration.get_status_display() if registration is not None else str(Registration.Status.DRAFT.label)

    @admin.display(description=_("owner"))
    def owner(self, application: Any) -> Any:
        """Return who answers for the application."""
        registration = getattr(application, "registration", None)
        return registration.owner if registration is not None else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what is deleted and only waits for its rows to go."""
        return super().get_queryset(request).filter(registration__deleted_at=None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by what has an index."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=application_search.keys_of(search_term)), False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the client ID out until there is one: the form's would not be the one that is saved."""
        if obj is not None:
            return self.fieldsets
        (title, options), *others = self.fieldsets
        fields = tuple(name for name in options["fields"] if name != "client_id")
        return [(title, {**options, "fields": fields}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show reviewed facts to those who may not change them."""
        return ("client_id",) if facts_open(request, obj) else ("client_id", "name", *_ADDRESSES)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the steps and of the secrets."""
        return [*self.step_urls(), *self.first_party_urls(), *self.secret_urls(), *super().get_urls()]

    def page_url(self, name: str, application: Any, *others: Any) -> str:
        """Return the address of one of an application's pages by its URL name."""
        return reverse(f"{self.admin_site.name}:{name}", args=[application.pk, *others])

    def change_url(self, application: Any) -> str:
        """Return the address of the application's own page."""
        return self.page_url(f"{self.opts.app_label}_{self.opts.model_name}_change", application)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say whether anything waits for review."""
        may = request.user.has_perm("provider_site.view_review")
        queue = reverse(f"{self.admin_site.name}:provider_site_review_changelist") if may else ""
        context = {"queue_url": queue, "waits": queue_length() if may else 0}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put beside the form everything else there is of the application."""
        application = context.get("original")
        if application is not None:
            context.update(panel(self, request, application))
            context.update({"facts_seen_name": FACTS_SEEN, "facts_seen": facts_digest(application)})
            context.update(application_usage(request, application, site_name=self.admin_site.name))
            context["facts_are_closed"] = not facts_open(request, application)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, application: Any, form: Any, change: bool) -> None:
        """Save, and let DOT make no secret of its own."""
        if change:
            form.facts_before = facts.read_locked(application=application)
            # What was decided since the row was read, such as the end of its old secret, is not written back as it was.
            application.save(update_fields=[*form.changed_data, "updated"])
            return
        applications.prepare_application(application=application)
        super().save_model(request, application, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows beside the application, and complete or note what was done."""
        super().save_related(request, form, formsets, change)
        if change:
            self._note_change(request, form, formsets)
            return
        application = form.instance
        applications.complete_registration(application=application, actor=request.user, request=request)
        chosen = [
            one.cleaned_data.get("status")
            for formset in formsets
            if formset.model is Registration
            for one in formset.forms
        ]
        if Registration.Status.APPROVED in chosen:
            reviews.approve(application=application, actor=request.user, request=request)

    def _note_change(self, request: HttpRequest, form: Any, formsets: Any) -> None:
        application, before = form.instance, form.facts_before
        after = facts.read(application=application)
        may = roles.may_change_facts(user=request.user, application=application)
        if not may and fact_policy.diff(before, after):
            # Approved while this form was open: the whole of it is taken back with the transaction.
            raise PermissionDenied
        if application.client_type == "public":
            self._end_secrets(request, application)
        others = _other_changes(form, formsets)
        # Unproven whose it is, or another's than when a reviewer decided that people are not asked.
        is_another = application.client_type == "public" or any(change["fact"] == "owner" for change in others)
        if is_another and first_party.is_set(application=application):
            first_party.set_first_party(application=application, actor=request.user, value=False, request=request)
        changes.note_change(application=application, before=before, others=others, actor=request.user, request=request)

    def _end_secrets(self, request: HttpRequest, application: Any) -> None:
        """Leave a public client none: it could not keep them."""
        for secret in secrets.listed(application=application):
            if secrets.is_live(secret=secret):
                secrets.revoke(secret=secret, actor=request.user, request=request)
        secrets.revoke_legacy(application=application, actor=request.user, request=request)

    def response_add(
        self, request: HttpRequest, application: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new secret of a confidential client, once."""
        if application.client_type != "confidential":
            return super().response_add(request, application, post_url_continue)
        text = secrets.issue_secret(
            application=application, name=str(_("First secret")), actor=request.user, request=request
        )
        return self.secret_page(request, application, text)

    def delete_model(self, request: HttpRequest, application: Any) -> None:
        """Delete with everything that hangs on the application, and a trace that stays."""
        deletion.delete_application(application=application, actor=request.user, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete each as one is deleted."""
        for application in queryset:
            self.delete_model(request, application)
