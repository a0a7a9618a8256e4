"""The forms of an application's admin page: DOT's application, its registration, its scopes."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import URLField
from django.utils.translation import gettext_lazy as _

from provider_site.admin.subject_choice import SubjectChoice
from provider_site.models import ApplicationScope, Registration
from provider_site.policy import facts as fact_policy
from provider_site.policy import grants
from provider_site.policy.facts import CALLED
from provider_site.policy.review import Step
from provider_site.policy.scopes import catalog
from provider_site.services import applications, facts, roles, signing_choice
from provider_site.services.link_rules import LINKS, link_faults

_ONE_PER_LINE = _("One per line. Each is compared exactly; only a loopback port may differ.")


# The field of the change page that stands for the facts it was made of.
FACTS_SEEN = "_facts_seen"


def facts_digest(application: Any) -> str:
    """Return what stands for an application's facts as they are in force."""
    in_force = facts.read(application=application)
    return fact_policy.digest(in_force, in_force)


class ApplicationForm(forms.ModelForm):  # type: ignore[type-arg]  # the model is the host's
    """DOT's application without its secret, its implicit and password grants, and its loose redirect URIs."""

    authorization_grant_type = forms.ChoiceField(
        label=_("Grant"),
        initial=grants.AUTHORIZATION_CODE,
        choices=[
            (grants.AUTHORIZATION_CODE, _("People sign in (authorization code)")),
            (grants.DEVICE_CODE, _("People sign in on a device without a browser (device code)")),
            (grants.CLIENT_CREDENTIALS, _("A machine acts for itself (client credentials)")),
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

    def clean_name(self) -> str:
        """Refuse a name that shows other than it is written, or nothing at all."""
        return applications.clean_name(self.cleaned_data["name"])

    def clean_redirect_uris(self) -> str:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("redirect_uris")

    def _update_errors(self, errors: Any) -> None:
        """Drop what DOT says of redirect URIs: it knows only a list of schemes; policy/redirect.py decides."""
        if hasattr(errors, "error_dict"):
            errors.error_dict.pop("redirect_uris", None)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's, left out of its stubs

    def clean(self) -> dict[str, Any] | None:
        """Judge the fields together, and as changes of what the person was shown."""
        cleaned = super().clean()
        grant = self.cleaned_data.get("authorization_grant_type")
        uris = self.cleaned_data.get("redirect_uris", self.instance.redirect_uris)
        if grants.needs_redirect_uri(grant or "") and not uris and "redirect_uris" not in self.errors:
            refused = "redirect_uris" if "redirect_uris" in self.fields else None
            self.add_error(refused, _("An application that people sign in to needs a redirect URI."))
        if grant == grants.CLIENT_CREDENTIALS and self.cleaned_data.get("client_type") == "public":
            self.add_error("client_type", _("A machine that acts for itself needs a secret: make it confidential."))
        seen = self.data.get(FACTS_SEEN)
        if seen and self.instance.pk and seen != facts_digest(self.instance):
            self.add_error(None, _("The application has changed since this page was opened. Open it again."))
        return cleaned

    def clean_allowed_origins(self) -> str:
        """Return the origins as DOT keeps them."""
        return " ".join(self.cleaned_data["allowed_origins"].split())

    def clean_post_logout_redirect_uris(self) -> str:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("post_logout_redirect_uris")


def _field(db_field: Any, **options: Any) -> Any:
    """Return the field's form field; an address without a scheme is taken for https."""
    if isinstance(db_field, URLField):
        options["assume_scheme"] = "https"
    return db_field.formfield(**options)


class RegistrationForm(SubjectChoice):
    """The registration beside the application. The state is chosen once, at registration; steps change it later."""

    # Set by the inline that makes the class anew for each request.
    user: ClassVar[Any] = None

    homepage_url = forms.URLField(label=_("Home page"), required=False, assume_scheme="https")
    privacy_policy_url = forms.URLField(label=_("Privacy policy"), required=False, assume_scheme="https")
    terms_url = forms.URLField(label=_("Terms of service"), required=False, assume_scheme="https")
    events_url = forms.URLField(label=_("Address for security events"), required=False, assume_scheme="https")
    language = forms.ChoiceField(
        label=_("Language"), required=False, help_text=_("In which its owners are written to.")
    )

    class Meta:
        model = Registration
        formfield_callback = _field
        fields = (
            "status",
            "owner",
            "description",
            "homepage_url",
            "privacy_policy_url",
            "terms_url",
            *CALLED,
            "id_token_alg",
            "access_token_format",
            "pkce_waived",
            "max_consent_days",
            "subject_type",
            "sector_identifier_uri",
            "language",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what can be chosen here."""
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            languages = [("", _("The site's default")), *settings.LANGUAGES]
            self.fields["language"].choices = languages  # type: ignore[attr-defined]  # a ChoiceField's
        if "id_token_alg" in self.fields:
            kept = None if self.instance._state.adding else self.instance
            offered_here: Any = self.fields["id_token_alg"]
            offered_here.choices = signing_choice.algorithms(registration=kept)
        if "status" in self.fields:
            status = Registration.Status
            offered = [status.DRAFT]
            if self.user is not None and roles.refusal(user=self.user, step=Step.APPROVE) is None:
                offered.append(status.APPROVED)
            field: Any = self.fields["status"]
            field.choices = [(one.value, one.label) for one in offered]
            self.fields["status"].help_text = _(
                "A draft serves its owners and test users alone; approved, it serves everybody."
            )

    def clean(self) -> dict[str, Any] | None:
        """Refuse that somebody approves an application of their own."""
        cleaned = super().clean()
        approved = self.cleaned_data.get("status") == Registration.Status.APPROVED
        is_own = self.user is not None and self.cleaned_data.get("owner") == self.user
        if approved and is_own and not self.user.is_superuser:
            self.add_error("status", _("You would be the owner, so somebody else decides: register it as a draft."))
        return cleaned

    def judge_links(self, *, application: Any) -> None:
        """Refuse addresses that may lead elsewhere than they look, or fit none of the application's redirect URIs."""
        names = [name for name in LINKS if name in self.fields and name not in self.errors]
        if "cleaned_data" not in vars(self) or not names:
            return
        given = {name: self.cleaned_data.get(name, "") for name in names}
        for name, fault in link_faults(given, redirect_uris=application.redirect_uris.split()).items():
            self.add_error(name, fault)

    def save(self, commit: bool = True) -> Registration:
        """Save a new registration as a draft; the service approves it, with its trace."""
        if self.instance._state.adding:
            self.instance.status = Registration.Status.DRAFT
        elif commit and not self.errors:
            # What was decided since the row was read, a suspension above all, is not written back as it was.
            own = [name for name in self.changed_data if name in RegistrationForm.Meta.fields]
            self.instance.save(update_fields={*own, *self.settled, "updated"})
            return self.instance
        return super().save(commit)

    def has_changed(self) -> bool:
        """Count a new registration that was left as it is: without its row the application would not exist."""
        return self.instance._state.adding or bool(self.settled) or super().has_changed()


class RegistrationFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # the parent is the host's
    """The one registration, judged together with the application's own form, whose values `instance` holds."""

    def clean(self) -> None:
        """Waive PKCE for confidential clients alone, and settle the sector of pairwise subjects."""
        super().clean()
        for form in self.forms:
            form.judge_links(application=self.instance)  # type: ignore[attr-defined]  # a RegistrationForm
            form.settle(application=self.instance)  # type: ignore[attr-defined]  # a SubjectChoice
            waived = getattr(form, "cleaned_data", {}).get("pkce_waived")
            if waived and self.instance.client_type == "public":
                form.add_error("pkce_waived", _("Only a confidential client can be allowed to sign in without PKCE."))


class ScopeForm(forms.ModelForm[ApplicationScope]):
    """One scope, chosen from those the site offers."""

    scope = forms.ChoiceField(label=_("Scope"))

    class Meta:
        model = ApplicationScope
        fields = ("scope", "required", "justification")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the catalogue in people's words."""
        super().__init__(*args, **kwargs)
        names = [(name, f"{name}: {scope.title}") for name, scope in catalog().items()]
        self.fields["scope"].choices = [("", "---------"), *names]  # type: ignore[attr-defined]  # a ChoiceField's

    def has_changed(self) -> bool:
        """Count a suggested row that was left as it is; a row without a scope is none."""
        return super().has_changed() if self.instance.pk else bool(self["scope"].value())


class ScopeFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # the parent is the host's
    """The scopes as rows of a table, whose columns alone have headings: each field is told its own."""

    def add_fields(self, form: Any, index: Any) -> None:
        """Name each field, the one that deletes a row among them."""
        super().add_fields(form, index)
        for field in form.fields.values():
            if field.label:
                field.widget.attrs.setdefault("aria-label", str(field.label))
