"""What people may add to their profile beyond nickname and avatar: each optional, each checked (OpenID Core 5.1)."""

from __future__ import annotations

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provider_site.models import Profile
from provider_site.services import profiles

_OLDEST = 1850
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BIRTHDATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2}))?")
# RFC 5646 2.1 without extensions, private use and grandfathered tags: language, script, region, variants.
_LANGUAGE = re.compile(
    r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)", re.IGNORECASE
)
_STREET_LINES = 4


def clean_text(value: str) -> str:
    """Return a line as it is kept: NFC, white space trimmed. Raises ValidationError for control characters."""
    line = " ".join(unicodedata.normalize("NFC", value).split())
    overrides = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    if any(unicodedata.category(char) in {"Cc", "Co", "Cs"} or char in overrides for char in line):
        raise ValidationError(_("Invisible control characters can’t be kept."), code="control")
    return line


def clean_street(value: str) -> str:
    """Return the lines before the town. Raises ValidationError for more than four."""
    lines = [line for line in map(clean_text, value.splitlines()) if line]
    if len(lines) > _STREET_LINES:
        raise ValidationError(_("At most four lines."), code="too_long")
    return "\n".join(lines)


def clean_birthdate(value: str) -> str:
    """Return ``YYYY-MM-DD``, ``0000-MM-DD`` or ``YYYY`` (OpenID Core 5.1). Raises ValidationError for another day."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not text:
        return ""
    found = _BIRTHDATE.fullmatch(text)
    if found is None:
        raise ValidationError(_("Write it as 1990-12-31, as 0000-12-31 without the year, or as 1990."), code="format")
    year, month, day = (int(part or 0) for part in found.groups())
    today = timezone.now().date()
    if not (year == 0 and found.group(2)) and not _OLDEST <= year <= today.year:
        raise ValidationError(_("This can’t be a year of birth."), code="year")
    if found.group(2):
        try:
            born = date(year or 2000, month, day)  # a leap year: 29 February without a year is one
        except ValueError:
            raise ValidationError(_("There is no such day."), code="day") from None
        if year and born > today:
            raise ValidationError(_("This day has yet to come."), code="future")
    return text


def clean_phone_number(value: str) -> str:
    """Return the number as E.164. Raises ValidationError where it has no country code, or is none."""
    text = unicodedata.normalize("NFKC", value)
    # "+49 (0)30": the zero is for calls within the country.
    digits = re.sub(r"[\s().\-/\u2010-\u2015]", "", text.replace("(0)", ""))
    if not digits:
        return ""
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not digits.startswith("+"):
        raise ValidationError(_("Begin with + and the code of the country, as in +49 30 123456."), code="no_country")
    if not _E164.fullmatch(digits):
        raise ValidationError(_("A number has 7 to 15 digits after the +, and nothing else."), code="format")
    return digits


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Return the names of the IANA time zone database that are places: ``Europe/Berlin``."""
    places = {name for name in zoneinfo.available_timezones() if "/" in name}
    return tuple(sorted(name for name in places if not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))))


def clean_zoneinfo(value: str) -> str:
    """Return the name of a time zone. Raises ValidationError for one the database does not know."""
    name = value.strip()
    if name and name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no such time zone."), code="unknown")
    return name


def clean_locale(value: str) -> str:
    """Return a language tag in its usual letters (RFC 5646 2.1.1). Raises ValidationError for what is none."""
    tag = value.strip().replace("_", "-")
    if not tag:
        return ""
    found = _LANGUAGE.fullmatch(tag)
    if found is None:
        raise ValidationError(_("Write a language tag, such as en-GB or zh-Hans."), code="format")
    language, script, region, variants = found.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper(), variants.lower().lstrip("-")]
    return "-".join(part for part in parts if part)


def clean_url(value: str) -> str:
    """Return an http or https address. Raises ValidationError for another."""
    address = value.strip()
    if address:
        URLValidator(schemes=["http", "https"], message=_("Write the whole address, from https:// on."))(address)
    return address


_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "middle_name": clean_text,
    "gender": clean_text,
    "birthdate": clean_birthdate,
    "profile_url": clean_url,
    "website": clean_url,
    "zoneinfo": clean_zoneinfo,
    "locale": clean_locale,
    "phone_number": clean_phone_number,
    "address_street": clean_street,
    "address_locality": clean_text,
    "address_region": clean_text,
    "address_postal_code": clean_text,
    "address_country": clean_text,
}
NAMES = tuple(_CLEANERS)


def clean(name: str, value: str) -> str:
    """Return one detail, of ``NAMES``, as it is kept; empty for what is not told. Raises ValidationError."""
    if "\x00" in value:
        raise ValidationError(_("Invisible control characters can’t be kept."), code="control")
    cleaned = _CLEANERS[name](value)
    longest: int | None = getattr(Profile._meta.get_field(name), "max_length", None)
    if longest is not None and len(cleaned) > longest:
        raise ValidationError(_("At most %(longest)s characters."), code="too_long", params={"longest": longest})
    return cleaned


@transaction.atomic
def set_details(*, user: Any, details: Mapping[str, str]) -> Profile:
    """Keep what a person says of themselves; what ``details`` does not name stays. Raises ValidationError, by name."""
    cleaned, errors = {}, {}
    for name, value in details.items():
        try:
            cleaned[name] = clean(name, value)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    profiles.get_profile(user=user)
    profile = Profile.objects.select_for_update().get(user=user)
    changed = [name for name, value in cleaned.items() if getattr(profile, name) != value]
    if changed:  # else applications would be told of an update that was none
        for name in changed:
            setattr(profile, name, cleaned[name])
        profile.save(update_fields=[*changed, "updated"])
    return profile


def claims(profile: Profile) -> dict[str, Any]:
    """Return the details as ``claims.Person`` has them."""
    own = ("middle_name", "website", "gender", "birthdate", "zoneinfo", "locale", "phone_number")
    return {
        **{name: getattr(profile, name) for name in own},
        "profile": profile.profile_url,
        "address": address(profile),
    }


def address(profile: Profile) -> dict[str, str]:
    """Return the postal address in its parts and as lines to write on a letter (OpenID Core 5.1.1); empty without."""
    parts = {
        "street_address": profile.address_street,
        "locality": profile.address_locality,
        "region": profile.address_region,
        "postal_code": profile.address_postal_code,
        "country": profile.address_country,
    }
    if not any(parts.values()):
        return {}
    town = " ".join(text for text in (parts["postal_code"], parts["locality"]) if text)
    lines = [parts["street_address"], town, parts["region"], parts["country"]]
    return {"formatted": "\n".join(line for line in lines if line), **parts}


@transaction.atomic
def set_profile(
    *, user: Any, nickname: str, picture: bytes | None, remove_picture: bool, details: Mapping[str, str]
) -> Profile:
    """Change nickname, avatar and details together. Raises ValidationError, changing nothing."""
    set_details(user=user, details=details)
    return profiles.set_profile(user=user, nickname=nickname, picture=picture, remove_picture=remove_picture)
