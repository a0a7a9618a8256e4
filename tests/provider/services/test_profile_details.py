"""services/profile_details.py."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from provider_site.models import Profile
from provider_site.services import profile_details as details
from provider_site.services import profiles

TOMORROW = (timezone.now() + timedelta(days=1)).date()


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("birthdate", "1990-12-31", "1990-12-31"),
        ("birthdate", " 1990 ", "1990"),
        ("birthdate", "0000-02-29", "0000-02-29"),
        ("birthdate", "１９９０", "1990"),
        ("phone_number", "+49 (0)30 123-456", "+4930123456"),
        ("phone_number", "0049 30 123456", "+4930123456"),
        ("phone_number", "＋86 138 0013 8000", "+8613800138000"),
        ("phone_number", "+1 (212) 555.0100", "+12125550100"),
        ("zoneinfo", "Asia/Shanghai", "Asia/Shanghai"),
        ("zoneinfo", "UTC", "UTC"),
        ("locale", "en_gb", "en-GB"),
        ("locale", "ZH-hans-cn", "zh-Hans-CN"),
        ("locale", "es-419", "es-419"),
        ("locale", "sl-rozaj-biske", "sl-rozaj-biske"),
        ("website", "https://ada.example/~ada?x=1", "https://ada.example/~ada?x=1"),
        ("profile_url", "http://ada.example", "http://ada.example"),
        ("gender", " non\tbinary ", "non binary"),
        ("middle_name", "Zoe\u0301", "Zoé"),
        ("address_street", "12 High Street\r\n\r\n  Flat 3 ", "12 High Street\nFlat 3"),
    ],
)
def test_detail_is_kept_in_its_usual_form(name: str, written: str, kept: str) -> None:
    assert details.clean(name, written) == kept
    assert details.clean(name, kept) == kept


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("birthdate", "31.12.1990"),
        ("birthdate", "1990-13-01"),
        ("birthdate", "1990-02-30"),
        ("birthdate", "1990-12"),
        ("birthdate", "0000"),
        ("birthdate", "1700-01-01"),
        ("birthdate", TOMORROW.isoformat()),
        ("phone_number", "030 123456"),
        ("phone_number", "+0 30 123456"),
        ("phone_number", "+49 30 123456 ext 7"),
        ("phone_number", "+49"),
        ("phone_number", "+" + "1" * 16),
        ("zoneinfo", "Mars/Olympus"),
        ("zoneinfo", "../etc/passwd"),
        ("locale", "english"),
        ("locale", "e"),
        ("locale", "en-"),
        ("website", "ada.example"),
        ("website", "javascript:alert(1)"),
        ("website", "ftp://ada.example"),
        ("website", "https://" + "a" * 300 + ".example"),
        ("gender", "a\u202eb"),
        ("middle_name", "x" * 101),
        ("middle_name", "\x00"),
        ("address_street", "1\n2\n3\n4\n5"),
        ("address_country", "a\x07"),
    ],
)
def test_what_it_can_not_be_is_refused(name: str, written: str) -> None:
    with pytest.raises(ValidationError):
        details.clean(name, written)


@given(name=st.sampled_from(details.NAMES), written=st.text(max_size=60))
def test_any_text_is_refused_or_kept_in_a_form_that_stays(name: str, written: str) -> None:
    try:
        kept = details.clean(name, written)
    except ValidationError:
        return
    assert details.clean(name, kept) == kept
    assert "\x00" not in kept
    longest = Profile._meta.get_field(name).max_length
    assert longest is not None
    assert len(kept) <= longest


@pytest.mark.parametrize("name", details.NAMES)
def test_nothing_is_nothing(name: str) -> None:
    assert details.clean(name, "") == details.clean(name, "  ") == ""


def test_what_is_not_named_stays_and_nothing_is_saved_with_a_mistake_in_it(user: Any) -> None:
    details.set_details(user=user, details={"gender": "female", "birthdate": ""})
    with pytest.raises(ValidationError) as refused:
        details.set_details(user=user, details={"gender": "", "zoneinfo": "Mars/Olympus", "locale": "english"})
    assert set(refused.value.message_dict) == {"zoneinfo", "locale"}
    details.set_details(user=user, details={"locale": "en"})
    profile = profiles.get_profile(user=user)
    assert (profile.gender, profile.locale, profile.birthdate) == ("female", "en", "")


def test_profile_is_updated_only_by_a_change(user: Any) -> None:
    before = details.set_details(user=user, details={"gender": "female"}).updated
    assert details.set_details(user=user, details={"gender": " female "}).updated == before
    assert details.set_details(user=user, details={"gender": ""}).updated > before


def test_everything_is_saved_together_or_nothing(user: Any) -> None:
    with pytest.raises(ValidationError):
        details.set_profile(
            user=user, nickname="\u202e", picture=None, remove_picture=False, details={"gender": "female"}
        )
    assert profiles.get_profile(user=user).gender == ""


def test_address_has_its_parts_and_the_lines_of_a_letter() -> None:
    profile = Profile(address_street="Unter den Linden 1", address_postal_code="10117", address_locality="Berlin")
    assert details.address(profile)["formatted"] == "Unter den Linden 1\n10117 Berlin"
    assert details.address(Profile()) == {}
