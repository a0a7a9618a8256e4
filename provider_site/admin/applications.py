"""One admin page per application: DOT's application with our registration, scopes and secrets beside it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect

from provider_site.models import ApplicationScope, ClientSecret, Registration
from provider_site.policy.scopes import catalog
from provider_site.security_headers import protect
from provider_site.services import applications, audit, secrets

_ONE_PER_LINE = _("One per line. Each is compared exactly; only a loopback port may differ.")


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # the model is the host's
    """DOT's application without its secret, its implicit and password grants, and its loose redirect URIs."""

    authorization_grant_type = forms.ChoiceField(
        label=_("Grant"),
        initial="authorization-code",
        choices=[
            ("authorization-code", _("People sign in (authorization code)")),
            ("client-credentials", _("A machine acts for itself (client credentials)")),
        ],
    )
    client_type = forms.ChoiceField(
        label=_("Client type"),
        initial="confidential",
        choices=[
            ("confidential", _("Confidential: runs on a server and keeps a secret")),
            ("public", _("Public: runs on people's devices or in a browser")),
        ],
    )
    redirect_uris = forms.CharField(
        label=_("Redirect URIs"), required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text=_ONE_PER_LINE
    )
    post_logout_redirect_uris = forms.CharField(
        label=_("Redirect URIs after sign-out"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_ONE_PER_LINE,
    )

    allowed_origins = forms.CharField(
        label=_("Allowed origins"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Origins whose scripts may call the token endpoint (CORS), one per line. Servers need none."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show each URI on a line of its own."""
        super().__init__(*args, **kwargs)
        for name in ("redirect_uris", "post_logout_redirect_uris", "allowed_origins"):
            if self.initial.get(name):
                self.initial[name] = "\n".join(self.initial[name].split())

    def _clean_uris(self, name: str) -> str:
        uris = self.cleaned_data[name].split()
        applications.validate_redirect_uris(uris)
        return " ".join(uris)

    def clean_redirect_uris(self) -> str:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("redirect_uris")

    def _update_errors(self, errors: Any) -> None:
        """Drop what DOT says of redirect URIs: it knows only a list of schemes; policy/redirect.py decides."""
        if hasattr(errors, "error_dict"):
            errors.error_dict.pop("redirect_uris", None)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's, left out of its stubs

    def clean(self) -> dict[str, Any] | None:
        """Ask for a redirect URI where people sign in."""
        cleaned = super().clean()
        signs_in = self.cleaned_data.get("authorization_grant_type") == "authorization-code"
        if signs_in and not self.cleaned_data.get("redirect_uris") and "redirect_uris" not in self.errors:
            self.add_error("redirect_uris", _("An application that people sign in to needs a redirect URI."))
        return cleaned

    def clean_allowed_origins(self) -> str:
        """Return the origins as DOT keeps them."""
        return " ".join(self.cleaned_data["allowed_origins"].split())

    def clean_post_logout_redirect_uris(self) -> str:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("post_logout_redirect_uris")


class RegistrationForm(forms.ModelForm[Registration]):
    """The registration beside the application."""

    homepage_url = forms.URLField(label=_("Home page"), required=False, assume_scheme="https")
    privacy_policy_url = forms.URLField(label=_("Privacy policy"), required=False, assume_scheme="https")
    terms_url = forms.URLField(label=_("Terms of service"), required=False, assume_scheme="https")

    class Meta:
        model = Registration
        fields = (
            "status",
            "owner",
            "description",
            "homepage_url",
            "privacy_policy_url",
            "terms_url",
            "pkce_waived",
            "subject_type",
        )

    def clean(self) -> dict[str, Any] | None:
        """Waive PKCE for confidential clients alone."""
        cleaned = super().clean()
        if self.cleaned_data.get("pkce_waived") and self.data.get("client_type") == "public":
            self.add_error("pkce_waived", _("Only a confidential client can be allowed to sign in without PKCE."))
        return cleaned


class RegistrationInline(admin.StackedInline):  # type: ignore[type-arg]
    """Review state, owner and links."""

    model = Registration
    form = RegistrationForm
    can_delete = False
    min_num = 1
    autocomplete_fields: ClassVar[tuple[str, ...]] = ()
    raw_id_fields = ("owner",)


class ScopeForm(forms.ModelForm[ApplicationScope]):
    """One scope, chosen from those the site offers."""

    scope = forms.ChoiceField(label=_("Scope"))

    class Meta:
        model = ApplicationScope
        fields = ("scope", "required")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the catalogue in people's words."""
        super().__init__(*args, **kwargs)
        names = [(name, f"{name}: {scope.title}") for name, scope in catalog().items()]
        self.fields["scope"].choices = [("", "---------"), *names]  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        """Count a suggested row that was left as it is; a row without a scope is none."""
        return super().has_changed() if self.instance.pk else bool(self["scope"].value())


class ScopeInline(admin.TabularInline):  # type: ignore[type-arg]
    """What the application may ask for."""

    model = ApplicationScope
    form = ScopeForm
    extra = 2

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Begin a new application with the two scopes nearly every one needs."""
        formset = super().get_formset(request, obj, **kwargs)
        if obj is not None:
            return formset
        suggested = [{"scope": "openid", "required": True}, {"scope": "nickname"}]

        class Suggesting(formset):  # type: ignore[misc, valid-type]  # made at run time by the admin
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **({"initial": suggested} | options))

        return Suggesting


class SecretInline(admin.TabularInline):  # type: ignore[type-arg]
    """The secrets by their first characters; deleting one revokes it at once."""

    model = ClientSecret
    extra = 0
    fields = readonly_fields = ("first_characters", "name", "created", "last_used_at", "expires_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: secrets are generated, never typed."""
        return False


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
        """Save, and keep DOT's own secret column closed."""
        if not change:
            application.client_secret = "pbkdf2_sha256$1$none$none"  # closed for good just below
        super().save_model(request, application, form, change)
        if not change:
            secrets.close_dot_column(application=application)
        audit.record(
            action="application.changed" if change else "application.registered",
            application=application,
            request=request,
            data={"fields": list(form.changed_data)},
        )

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
