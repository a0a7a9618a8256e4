"""The part of the profile form in which people may tell more about themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django import forms
from django.conf.locale import LANG_INFO
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provider_site.services import profile_details

# Which fields stand together, and what an app has to be allowed to see them.
_GROUPS: tuple[tuple[str | Promise, str | Promise, tuple[str, ...]], ...] = (
    (
        _("About you"),
        _("Apps that you allow to see your profile see this."),
        ("middle_name", "birthdate", "gender", "locale", "zoneinfo", "website", "profile_url"),
    ),
    (_("Phone"), _("Apps that you allow to see your phone number see this."), ("phone_number",)),
    (
        _("Postal address"),
        _("Apps that you allow to see your postal address see this."),
        ("address_street", "address_postal_code", "address_locality", "address_region", "address_country"),
    ),
)


class DetailField(forms.CharField):
    """A text that the service checks and brings into its usual form."""

    def __init__(self, detail: str, *, autocomplete: str = "", widget: Any = forms.TextInput, **kwargs: Any) -> None:
        attrs = {"autocomplete": autocomplete} if autocomplete else {}
        # The service counts; this only bounds the work.
        super().__init__(required=False, max_length=1000, widget=widget(attrs=attrs), **kwargs)
        self.detail = detail

    def clean(self, value: Any) -> str:
        """Return the text as it is kept. Raises ValidationError."""
        return profile_details.clean(self.detail, super().clean(value))


class DetailsForm(forms.Form):
    """Everything that is optional in a profile."""

    middle_name = DetailField("middle_name", label=_("Middle name"), autocomplete="additional-name")
    birthdate = DetailField(
        "birthdate",
        label=_("Birthday"),
        autocomplete="bday",
        help_text=_("As 1990-12-31; as 0000-12-31 to leave out the year; or the year alone."),
    )
    gender = DetailField("gender", label=_("Gender"), autocomplete="sex", help_text=_("In your own words."))
    locale = DetailField("locale", label=_("Language"), autocomplete="language", widget=forms.Select)
    zoneinfo = DetailField("zoneinfo", label=_("Time zone"), widget=forms.Select)
    website = DetailField("website", label=_("Website"), autocomplete="url", widget=forms.URLInput)
    profile_url = DetailField(
        "profile_url",
        label=_("Page about you"),
        autocomplete="url",
        widget=forms.URLInput,
        help_text=_("For example your page at a social network."),
    )
    phone_number = DetailField(
        "phone_number",
        label=_("Phone number"),
        autocomplete="tel",
        widget=forms.TelInput,
        help_text=_("With the code of the country: +49 30 123456."),
    )
    address_street = DetailField(
        "address_street",
        label=_("Street and house number"),
        autocomplete="street-address",
        widget=forms.Textarea,
    )
    address_postal_code = DetailField("address_postal_code", label=_("Postal code"), autocomplete="postal-code")
    address_locality = DetailField("address_locality", label=_("Town"), autocomplete="address-level2")
    address_region = DetailField("address_region", label=_("State or province"), autocomplete="address-level1")
    address_country = DetailField("address_country", label=_("Country"), autocomplete="country-name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the languages and time zones there are, and the one that is chosen already."""
        super().__init__(*args, **kwargs)
        for name, choices in (("locale", _languages()), ("zoneinfo", _zones())):
            chosen = str(self[name].value() or "")
            offered = [("", _("Not told")), *choices]
            if chosen and chosen not in _values(choices):
                offered.insert(1, (chosen, chosen))
            widget: Any = self.fields[name].widget
            widget.choices = offered
        self.fields["address_street"].widget.attrs["rows"] = 2

    @property
    def groups(self) -> Iterator[dict[str, Any]]:
        """Return the fields by what stands together, with a heading and who may see them."""
        for legend, seen_by, names in _GROUPS:
            yield {"legend": legend, "seen_by": seen_by, "fields": [self[name] for name in names]}

    @property
    def details_open(self) -> bool:
        """Whether the part is shown unfolded: where something in it is wrong."""
        return any(name in self.errors for name in profile_details.NAMES)

    def details(self) -> dict[str, str]:
        """Return the details that the form was sent with: what is not in it stays as it is."""
        return {name: self.cleaned_data[name] for name in profile_details.NAMES if name in self.data}


@lru_cache(maxsize=1)
def _languages() -> tuple[tuple[str, str], ...]:
    """Return language tags with the languages' own names."""
    named = {
        profile_details.clean_locale(code): str(info["name_local"])
        for code, info in LANG_INFO.items()
        if "name_local" in info
    }
    return tuple(sorted(named.items(), key=lambda item: item[1].casefold()))


@lru_cache(maxsize=1)
def _zones() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the time zones by their continents."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in profile_details.time_zones():
        continent, _slash, place = name.partition("/")
        groups.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return tuple((continent, tuple(places)) for continent, places in groups.items())


def _values(choices: Any) -> set[str]:
    return {
        value
        for first, second in choices
        for value in ([inner for inner, _label in second] if isinstance(second, tuple) else [first])
    }
