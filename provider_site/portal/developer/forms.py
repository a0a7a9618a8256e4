"""What a developer tells about an application."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.policy import grants
from provider_site.policy.facts import CALLED, LISTS, TEXTS, Facts, ScopeRequest
from provider_site.policy.scopes import ScopeDefinition, catalog
from provider_site.policy.sectors import Document
from provider_site.portal.developer import redirect_uris
from provider_site.services import applications, facts, pictures, sectors

MAX_URIS = 50
DEVICE = "device"
_NOT_ASKED, _OPTIONAL, _REQUIRED = "", "optional", "required"
_WISHES = {_NOT_ASKED: _("Not asked"), _OPTIONAL: _("Optional"), _REQUIRED: _("Required")}
_ONE_PER_LINE = _("One per line. Each is compared exactly; only a loopback port may differ.")


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """One scope the site offers, with the two inputs about it."""

    definition: ScopeDefinition
    wish: forms.BoundField
    justification: forms.BoundField


def _uris_field(
    label: Any, help_text: Any, *, required: bool = False, checked: bool = True, rows: int = 2
) -> forms.CharField:
    attributes = {"rows": rows, "spellcheck": "false", "autocapitalize": "none", "class": "uris", "dir": "ltr"}
    if checked:
        attributes |= {"data-check-uri": reverse_lazy("provider_site:developer-check-uri")}
    return forms.CharField(
        label=label, help_text=help_text, required=required, widget=forms.Textarea(attrs=attributes), max_length=50_000
    )


def _link_field(label: Any, help_text: Any) -> forms.URLField:
    return forms.URLField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://", "dir": "ltr"}),
    )


class ApplicationForm(forms.Form):
    """The facts of an application, as its developers edit them; ``asked()`` returns them once it is valid.

    The rules are those of ``services.facts``, told at the field they are about.
    """

    name = forms.CharField(
        label=pgettext_lazy("application", "Name"),
        max_length=255,
        help_text=_("People read it when they are asked whether to sign in."),
    )
    description = forms.CharField(
        label=_("Description"),
        max_length=200,
        required=False,
        help_text=_("One sentence that tells people what the application does."),
    )
    homepage_url = _link_field(_("Home page"), _("Where people read about the application."))
    privacy_policy_url = _link_field(_("Privacy policy"), _("What you do with what people share. The review needs it."))
    terms_url = _link_field(_("Terms of service"), _("If you have any."))
    events_url = _link_field(
        _("Address for security events"),
        _("We send it a signed message when somebody takes something back (RFC 8417, 8935). You may leave it empty."),
    )
    backchannel_logout_uri = _link_field(
        _("Back-channel logout URI"),
        _(
            "When somebody signs out here, our server tells yours there by a signed message (OpenID Connect "
            "Back-Channel Logout). It works in every browser."
        ),
    )
    frontchannel_logout_uri = _link_field(
        _("Front-channel logout URI"),
        _(
            "A page of yours that we load in the person’s browser, in a frame, when they sign out here. Browsers that "
            "keep third-party cookies apart make it useless: prefer the back channel."
        ),
    )
    initiate_login_uri = _link_field(
        _("Initiate login URI"),
        _(
            "Where your application begins a sign-in by itself (OpenID Connect Core 4). People get a button that opens "
            "it among their connected apps. We add iss and target_link_uri to it."
        ),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG, WebP or GIF. We cut it square and keep a copy; people see that one."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    redirect_uris = _uris_field(
        _("Redirect URIs"),
        _(
            "Where people come back to after they have signed in. One per line. Each is compared exactly; only a "
            "loopback port may differ."
        ),
        required=True,
        rows=4,
    )
    post_logout_redirect_uris = _uris_field(_("Redirect URIs after sign-out"), _ONE_PER_LINE)
    allowed_origins = _uris_field(
        _("Allowed origins"),
        _("Origins whose scripts may call the token endpoint (CORS), one per line. Servers need none."),
        checked=False,
    )

    def __init__(self, *args: Any, application: Any, before: Facts, **kwargs: Any) -> None:
        """Show ``before``; ``application`` may be one that is not saved yet."""
        shown = {name: getattr(before, name) for name in TEXTS}
        shown |= {name: "\n".join(getattr(before, name)) for name in LISTS} | {"logo": None}
        kwargs["initial"] = shown | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.application, self.before = application, before
        # Nobody comes back to a machine that acts for itself, or to a device.
        self.fields["redirect_uris"].required = grants.needs_redirect_uri(application.authorization_grant_type)
        for name in catalog():
            self._add_scope(name, before.scopes.get(name))

    def _add_scope(self, name: str, wanted: ScopeRequest | None) -> None:
        # Whoever asks to sign in at all cannot do without it: services.applications.required_scopes.
        offered = [wish for wish in _WISHES if not (name == "openid" and wish == _OPTIONAL)]
        initial = _NOT_ASKED if wanted is None else (_REQUIRED if wanted.required else _OPTIONAL)
        if name == "openid" and wanted is not None:
            initial = _REQUIRED
        self.fields[f"wish:{name}"] = forms.ChoiceField(
            choices=[(wish, _WISHES[wish]) for wish in offered],
            initial=initial,
            required=False,
            widget=forms.RadioSelect,
            label=name,
        )
        self.fields[f"why:{name}"] = forms.CharField(
            label=_("What do you need it for?"),
            initial=wanted.justification if wanted is not None else "",
            required=False,
            max_length=300,
        )

    @property
    def has_called(self) -> bool:
        """Whether any address that we call, or that people open, is filled in or wrong."""
        return any(self[name].value() or self[name].errors for name in CALLED)

    @property
    def is_device(self) -> bool:
        """Whether the application shows a code instead of sending browsers here."""
        return bool(self.application.authorization_grant_type == grants.DEVICE_CODE)

    def scope_choices(self) -> Iterator[ScopeChoice]:
        """Yield the scopes in the order people see them."""
        for name, definition in catalog().items():
            yield ScopeChoice(definition, self[f"wish:{name}"], self[f"why:{name}"])

    def clean_name(self) -> str:
        """Refuse a name that shows other than it is written, or nothing at all."""
        return applications.clean_name(self.cleaned_data["name"])

    def _clean_uris(self, field: str, *, checked: bool = True) -> tuple[str, ...]:
        uris = tuple(dict.fromkeys(self.cleaned_data[field].split()))
        if len(uris) > MAX_URIS:
            raise ValidationError(_("At most %(limit)s, please."), code="too_many", params={"limit": MAX_URIS})
        wrong = [(uri, why) for uri in uris if checked and (why := redirect_uris.reason(uri))]
        if wrong:
            raise ValidationError(
                [
                    ValidationError("%(uri)s: %(reason)s", code="refused", params={"uri": uri[:300], "reason": why})
                    for uri, why in wrong
                ]
            )
        return uris

    def clean_redirect_uris(self) -> tuple[str, ...]:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("redirect_uris")

    def clean_post_logout_redirect_uris(self) -> tuple[str, ...]:
        """Refuse what can't be registered, each with its reason."""
        return self._clean_uris("post_logout_redirect_uris")

    def clean_allowed_origins(self) -> tuple[str, ...]:
        """Split the lines; the service judges them."""
        return self._clean_uris("allowed_origins", checked=False)

    def clean_logo(self) -> bytes | None:
        """Refuse what can't be read; return the picture as it will be kept."""
        upload: File[bytes] | None = self.cleaned_data.get("logo")
        return pictures.reencode(upload) if upload is not None else None

    def clean(self) -> dict[str, Any]:
        """Ask the service about everything else."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            facts.validate(application=self.application, facts=self.asked(logo=""))
        except ValidationError as error:
            for field, found in error.error_dict.items():
                if field not in self.errors:  # or the same fault would be told twice
                    self.add_error(field if field in self.fields else None, found)
        return cleaned

    def asked(self, *, logo: str) -> Facts:
        """Return the facts as the form has them, with the key of a logo."""
        cleaned = self.cleaned_data
        scopes = {}
        for name in catalog():
            wish = cleaned.get(f"wish:{name}", _NOT_ASKED)
            if wish == _NOT_ASKED:
                continue
            required = wish == _REQUIRED
            if name == "openid" and name in self.before.scopes:
                required = self.before.scopes[name].required  # it makes no difference, so it is no change to review
            scopes[name] = ScopeRequest(required, " ".join(cleaned.get(f"why:{name}", "").split()))
        return Facts(
            **{name: cleaned.get(name, "") for name in TEXTS if name != "logo"},
            **{name: cleaned.get(name, ()) for name in LISTS},
            logo=logo,
            scopes=scopes,
        )


class NewApplicationForm(ApplicationForm):
    """The facts of an application that is to be registered, and where it runs, which never changes."""

    client_type = forms.ChoiceField(
        label=_("Where does it run?"),
        widget=forms.RadioSelect,
        choices=[
            ("confidential", _("On a server of mine")),
            ("public", _("In the browser, or on people's devices")),
            (DEVICE, _("On a TV, a console or a command line, without a browser")),
        ],
        initial="confidential",
    )
    subject_type = forms.ChoiceField(
        label=_("By what does it know people?"),
        widget=forms.RadioSelect,
        choices=[
            ("public", _("The same identifier as other applications")),
            ("pairwise", _("An identifier of its own")),
        ],
        initial="public",
        required=False,
    )
    sector_identifier_uri = _link_field(
        _("Sector identifier URI"),
        _(
            "Only where the redirect URIs are on several hosts. We read there the JSON list of all of them, "
            "and the host of this address is the one that counts (OpenID Connect Registration 5)."
        ),
    )
    once = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    sector_document: Document | None = None

    def __init__(self, *args: Any, asked_by: Any, **kwargs: Any) -> None:
        """Begin with what nearly every application asks for."""
        self.asked_by = asked_by
        before = Facts(scopes={"openid": ScopeRequest(required=True)})
        application = applications.application_model()(authorization_grant_type=grants.AUTHORIZATION_CODE)
        super().__init__(*args, application=application, before=before, **kwargs)
        self.fields["redirect_uris"].required = False  # of a device; clean() asks everybody else for it

    @property
    def grant(self) -> str:
        """The grant to register the application for."""
        is_device = self.cleaned_data.get("client_type") == DEVICE
        return grants.DEVICE_CODE if is_device else grants.AUTHORIZATION_CODE

    @property
    def oauth_client_type(self) -> str:
        """Its client type: what is in a device can be read by anybody, so it keeps no secret."""
        chosen: str = self.cleaned_data["client_type"]
        return "public" if chosen == DEVICE else chosen

    def clean_subject_type(self) -> str:
        """Take what nobody chose for the usual."""
        return self.cleaned_data["subject_type"] or "public"

    def clean(self) -> dict[str, Any]:
        """Read the sector identifier URI, which may take a while, and refuse what makes no sector."""
        self.application.authorization_grant_type = self.grant
        cleaned = super().clean()
        uri = cleaned.get("sector_identifier_uri", "")
        if cleaned.get("subject_type") != "pairwise":
            if uri:
                text = _("It is for an identifier of the application's own: choose that one, or leave this empty.")
                self.add_error("sector_identifier_uri", text)
        elif not {"redirect_uris", "sector_identifier_uri"} & set(self.errors):
            try:
                self.sector_document = sectors.read(uri=uri, asked_by=self.asked_by) if uri else None
                # The client ID is not made yet; whatever it is, it is no fault.
                sectors.settle(client_id="", redirect_uris=cleaned["redirect_uris"], document=self.sector_document)
            except ValidationError as error:
                self.add_error("sector_identifier_uri", error)
        return cleaned


class NoteForm(forms.Form):
    """A note to whoever reviews."""

    note = forms.CharField(
        label=_("Note to the reviewer"),
        required=False,
        max_length=2000,
        help_text=_("How can it be tried, for example? You may leave this empty."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DeletionForm(forms.Form):
    """The application's name, written by hand."""

    name = forms.CharField(
        label=pgettext_lazy("application", "Name"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        """Expect this very name; how much white space it holds counts for nothing."""
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        """Refuse any other name."""
        name = " ".join(unicodedata.normalize("NFC", self.cleaned_data["name"]).split())
        if name != " ".join(unicodedata.normalize("NFC", self.expected).split()):
            raise ValidationError(_("This is not its name."), code="another")
        return name
