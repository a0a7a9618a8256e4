"""One admin page per application: DOT's application with our registration, scopes and secrets beside it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from provider_site.admin.application_forms import ApplicationForm, RegistrationForm, RegistrationFormSet, ScopeForm
from provider_site.models import ApplicationScope, ClientSecret, Registration
from provider_site.security_headers import protect
from provider_site.services import applications, secrets


def _suggesting(formset: Any, rows: list[dict[str, Any]]) -> Any:
    """Return the formset with `rows` already filled in, for an application that is not there yet."""

    class Suggesting(formset):  # made at run time by the admin
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **({"initial": rows} | options))

    return Suggesting


class RegistrationInline(admin.StackedInline):  # type: ignore[type-arg]  # no generic at run time
    """Review state, owner and links."""

    model = Registration
    form = RegistrationForm
    formset = RegistrationFormSet
    can_delete = False
    min_num = 1
    autocomplete_fields: ClassVar[tuple[str, ...]] = ()
    raw_id_fields = ("owner",)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let whoever registers an application own it, unless they say otherwise."""
        formset = super().get_formset(request, obj, **kwargs)
        return formset if obj is not None else _suggesting(formset, [{"owner": request.user.pk}])


class ScopeInline(admin.TabularInline):  # type: ignore[type-arg]  # no generic at run time
    """What the application may ask for."""

    model = ApplicationScope
    form = ScopeForm
    # What a consumer_site asks for; a scope that is not registered is refused as invalid_scope.
    suggested: ClassVar[list[dict[str, Any]]] = [
        {"scope": "openid", "required": True},
        {"scope": "nickname"},
        {"scope": "avatar"},
        {"scope": "offline_access"},
    ]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Leave room for what is suggested to a new application, or for one more scope."""
        return 1 if obj is not None else len(self.suggested) + 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Begin a new application with the scopes nearly every one needs."""
        formset = super().get_formset(request, obj, **kwargs)
        return formset if obj is not None else _suggesting(formset, self.suggested)


class SecretInline(admin.TabularInline):  # type: ignore[type-arg]  # no generic at run time
    """The secrets by their first characters; deleting one revokes it at once."""

    model = ClientSecret
    extra = 0
    fields = readonly_fields = ("first_characters", "name", "created", "last_used_at", "expires_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: secrets are generated, never typed."""
        return False


def _changed_beside(formsets: Any) -> list[str]:
    """Return what changed in the rows beside the application: the registration's fields by name, "scopes" as one."""
    fields: list[str] = []
    for formset in formsets:
        if formset.model is Registration:
            fields += [name for form in formset.forms for name in form.changed_data]
        elif formset.model is ApplicationScope and formset.has_changed():
            fields.append("scopes")
    return fields


class ApplicationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the model is the host's
    """Register applications and look after them. No secret or hash is ever shown after its creation."""

    form = ApplicationForm
    inlines = (RegistrationInline, ScopeInline, SecretInline)
    fieldsets = (
        (None, {"fields": ("name", "client_id", "client_type", "authorization_grant_type")}),
        (_("Addresses"), {"fields": ("redirect_uris", "post_logout_redirect_uris", "allowed_origins")}),
    )
    readonly_fields = ("client_id",)
    list_display = ("name", "client_id", "client_type", "status", "owner", "created")
    list_filter = ("registration__status", "client_type")
    list_select_related = ("registration__owner",)
    search_fields = ("name", "client_id")
    show_full_result_count = False
    view_on_site = False
    change_form_template = "provider_site/admin/application_change_form.html"

    @admin.display(description=_("status"), ordering="registration__status")
    def status(self, application: Any) -> str:
        """Return the review state in words."""
        registration = getattr(application, "registration", None)
        return registration.get_status_display() if registration is not None else str(Registration.Status.DRAFT.label)

    @admin.display(description=_("owner"))
    def owner(self, application: Any) -> Any:
        """Return who answers for the application."""
        registration = getattr(application, "registration", None)
        return registration.owner if registration is not None else None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the client ID out until there is one: the form's would not be the one that is saved."""
        if obj is not None:
            return self.fieldsets
        (title, options), *others = self.fieldsets
        fields = tuple(name for name in options["fields"] if name != "client_id")
        return [(title, {**options, "fields": fields}), *others]

    def get_urls(self) -> list[URLPattern]:
        """Add the page that issues a secret."""
        issue = self.admin_site.admin_view(csrf_protect(self.issue_secret))
        return [path("<path:object_id>/secret/", issue, name="provider_site_issue_secret"), *super().get_urls()]

    def save_model(self, request: HttpRequest, application: Any, form: Any, change: bool) -> None:
        """Save, and let DOT make no secret of its own."""
        if not change:
            applications.prepare_application(application=application)
        super().save_model(request, application, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rows beside the application, and complete or note what was done."""
        super().save_related(request, form, formsets, change)
        if change:
            changed = [*form.changed_data, *_changed_beside(formsets)]
            applications.record_change(application=form.instance, fields=changed, request=request)
        else:
            applications.complete_registration(application=form.instance, actor=request.user, request=request)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save; a secret is revoked by its service, which leaves a trace."""
        if formset.model is not ClientSecret:
            super().save_formset(request, form, formset, change)
            return
        formset.save(commit=False)  # names what is to be deleted; nothing of a secret can be changed
        for secret in formset.deleted_objects:
            applications.revoke_secret(secret=secret, request=request)

    def response_add(
        self, request: HttpRequest, application: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new secret of a confidential client, once; it is kept nowhere, so not in a message either."""
        if application.client_type != "confidential":
            return super().response_add(request, application, post_url_continue)
        text = secrets.issue_secret(application=application, name=str(_("First secret")), actor=request.user)
        return self._secret_page(request, application, text)

    def issue_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue a further secret and show it once; the others go on working until they are deleted."""
        application = get_object_or_404(self.model, pk=object_id)
        if not self.has_change_permission(request, application) or request.method != "POST":
            raise PermissionDenied
        text = secrets.issue_secret(application=application, actor=request.user)
        return self._secret_page(request, application, text)

    def _secret_page(self, request: HttpRequest, application: Any, text: str) -> HttpResponse:
        change = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The client secret"),
            "application": application,
            "secret": text,
            "change_url": reverse(change, args=[application.pk]),
        }
        page = TemplateResponse(request, "provider_site/admin/secret_once.html", context)
        return protect(page)
