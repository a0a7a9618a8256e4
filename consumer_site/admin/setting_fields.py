"""The form fields of what an entry keeps in SocialApp.settings: nobody edits JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from consumer_site.jose import ALGORITHMS
from consumer_site.openid.metadata import is_endpoint

_SCOPE = re.compile(r"\A[\x21\x23-\x5b\x5d-\x7e]{1,100}\Z")  # RFC 6749 section 3.3
_WELL_KNOWN = "/.well-known/"


def check_issuer(value: str) -> None:
    """Raise ValidationError for what can't be one (OpenID Connect Discovery 3)."""
    if _WELL_KNOWN in value:
        raise ValidationError(_("Leave out /.well-known/ and what follows: the issuer is the part before it."))
    if "?" in value or "#" in value or not is_endpoint(value):
        raise ValidationError(_("Enter the full address with https://, without ? and #."))


def check_scopes(value: str) -> None:
    """Raise ValidationError for a word that no scope can be."""
    for word in value.split():
        if not _SCOPE.match(word):
            raise ValidationError(_("“%(word)s” can't be a scope.") % {"word": word})


def check_origins(value: str) -> None:
    """Raise ValidationError for anything but origins."""
    for word in value.split():
        parts = urlsplit(word) if is_endpoint(word) else None
        if parts is None or parts.path not in {"", "/"} or parts.query:
            raise ValidationError(_("“%(word)s” is no origin. One looks like https://api.example.com") % {"word": word})


def _scope() -> forms.Field:
    return forms.CharField(
        label=_("Scopes"),
        required=False,
        validators=[check_scopes],
        widget=forms.TextInput(attrs={"class": "vTextField", "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("What people are asked to share, with spaces between. Empty: what this site usually asks for."),
    )


def _flag(label: Any, help_text: Any) -> Callable[[], forms.Field]:
    return lambda: forms.BooleanField(label=label, required=False, help_text=help_text)


def _choice(label: Any, help_text: Any, *choices: tuple[str, Any]) -> Callable[[], forms.Field]:
    return lambda: forms.ChoiceField(label=label, required=False, choices=choices, help_text=help_text)


FIELDS: Mapping[str, Callable[[], forms.Field]] = {
    "server_url": lambda: forms.CharField(
        label=_("Issuer"),
        max_length=500,
        validators=[check_issuer],
        widget=forms.URLInput(attrs={"class": "vURLField", "placeholder": "https://id.example.com"}),
        help_text=_(
            "The provider's address, exactly as the provider publishes it under “issuer”: a slash at the end counts. "
            "Everything else is found from there."
        ),
    ),
    "scope": _scope,
    "token_endpoint_auth_method": _choice(
        _("How this site proves itself"),
        _("As registered at the provider. When in doubt leave it to the provider."),
        ("", _("As the provider offers")),
        ("client_secret_basic", _("With the secret, in a header (client_secret_basic)")),
        ("client_secret_post", _("With the secret, in the form (client_secret_post)")),
        ("private_key_jwt", _("With a key of this site (private_key_jwt); see “Client keys”")),
        ("none", _("Not at all (none), as a public client")),
    ),
    "token_endpoint_auth_signing_alg": _choice(
        _("Signature of this site's proof"),
        _("Only with a key of this site, and if the provider was told to take one algorithm alone."),
        ("", _("Any that the provider takes")),
        *((name, name) for name in ALGORITHMS),
    ),
    "response_mode": _choice(
        _("How the answer comes back"),
        _("A form keeps the answer out of addresses. Providers that have none answer in the address."),
        ("", _("In the address")),
        ("form_post", _("By a form (form_post)")),
    ),
    "id_token_signed_response_alg": _choice(
        _("Signature of ID tokens"),
        _("Only if the provider was told to use one algorithm for this site."),
        ("", _("Any that this site knows")),
        *((name, name) for name in ALGORITHMS),
    ),
    "api_origins": lambda: forms.CharField(
        label=_("Further servers that get the access token"),
        required=False,
        validators=[check_origins],
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text=_("One per line, such as https://api.example.com. The provider's own servers need not be named."),
    ),
    "inside": _flag(
        _("For sign-in inside WeChat"),
        _(
            "Tick it for the service account (snsapi_userinfo), which signs people in who open this site in WeChat. "
            "Leave it empty for the website application, whose code people scan. A site may have one of each."
        ),
    ),
    "hidden": _flag(
        _("Hidden"),
        _("No button is shown for it. Whoever is signed in by it stays signed in."),
    ),
}
# What is a list in the settings and words in a form.
_LISTS = frozenset({"scope", "api_origins"})
_FLAGS = frozenset({"inside", "hidden"})


def shown(name: str, value: Any) -> Any:
    """Return a setting as its field shows it."""
    if name in _FLAGS:
        return bool(value)
    if name in _LISTS:
        words = value if isinstance(value, (list, tuple)) else str(value or "").split()
        return ("\n" if name == "api_origins" else " ").join(str(word) for word in words)
    return str(value or "")


def written(name: str, value: Any) -> Any:
    """Return a field's value as the settings keep it; None for one that is left out."""
    if name in _FLAGS:
        return True if value else None
    if name == "api_origins":
        return [word.rstrip("/") for word in value.split()] or None
    if name in _LISTS:
        return value.split() or None
    return value or None
