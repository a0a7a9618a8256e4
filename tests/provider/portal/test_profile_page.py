"""The profile page: what people may add about themselves."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from provider_site.models import Profile
from provider_site.services import personal_data, profile_details, profiles
from tests.provider.driver import ISSUER_HOST

FILLED = {
    "nickname": "Ada",
    "middle_name": "King",
    "birthdate": "0000-12-10",
    "gender": "female",
    "locale": "en-GB",
    "zoneinfo": "Europe/London",
    "website": "https://ada.example",
    "profile_url": "",
    "phone_number": "0044 20 7946 0018",
    "address_street": "12 St James’s Square\r\n3rd floor",
    "address_postal_code": "SW1Y 4JH",
    "address_locality": "London",
    "address_region": "",
    "address_country": "United Kingdom",
}


@pytest.fixture
def browser(user: Any) -> Client:
    """Return the person's browser, signed in."""
    client = Client(headers={"host": ISSUER_HOST})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def address(browser: Client) -> str:
    """Return the address of the page."""
    from django.urls import reverse

    return reverse("provider_site:profile", urlconf="project.urls_provider")


def test_everything_is_saved_in_its_usual_form_and_shown_again(browser: Client, address: str, user: Any) -> None:
    assert browser.post(address, FILLED).status_code == 302
    profile = profiles.get_profile(user=user)
    kept = {name: getattr(profile, name) for name in FILLED}
    assert kept == FILLED | {
        "phone_number": "+442079460018",
        "address_street": "12 St James’s Square\n3rd floor",
    }
    page = browser.get(address).content.decode()
    for value in ("King", "0000-12-10", "+442079460018", "SW1Y 4JH", "3rd floor"):
        assert value in page
    for chosen in ("en-GB", "Europe/London"):
        assert re.search(rf'<option value="{chosen}" selected', page)


def test_mistake_is_said_at_its_field_and_nothing_is_saved(browser: Client, address: str, user: Any) -> None:
    answer = browser.post(address, FILLED | {"phone_number": "020 7946 0018", "birthdate": "10.12.1985"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert re.search(r'<details class="more-about-you" open', page)
    for name, error in (("phone_number", "Begin with + and the code"), ("birthdate", "Write it as 1990-12-31")):
        field = re.search(rf'<input[^>]*id="id_{name}"[^>]*>', page)
        assert field is not None
        assert 'aria-invalid="true"' in field[0]
        described = re.search(r'aria-describedby="([^"]+)"', field[0])
        assert described is not None
        assert all(f'id="{part}"' in page for part in described[1].split())
        assert error in page
    assert (profiles.get_profile(user=user).nickname, profiles.get_profile(user=user).gender) == ("", "")


def test_form_without_the_part_leaves_it_as_it_is(browser: Client, address: str, user: Any) -> None:
    profile_details.set_details(user=user, details={"gender": "female"})
    assert browser.post(address, {"nickname": "Ada"}).status_code == 302
    assert profiles.get_profile(user=user).gender == "female"
    assert browser.post(address, {"nickname": "Ada", "gender": ""}).status_code == 302
    assert profiles.get_profile(user=user).gender == ""


def test_fields_are_optional_folded_and_known_to_browsers(browser: Client, address: str) -> None:
    page = browser.get(address).content.decode()
    assert '<details class="more-about-you">' in page
    assert " required" not in page
    for name, purpose in (
        ("birthdate", "bday"),
        ("phone_number", "tel"),
        ("address_street", "street-address"),
        ("address_postal_code", "postal-code"),
        ("address_locality", "address-level2"),
        ("address_country", "country-name"),
        ("middle_name", "additional-name"),
        ("website", "url"),
    ):
        tag = re.search(rf'<(?:input|textarea)[^>]*name="{name}"[^>]*>', page)
        assert tag is not None
        assert f'autocomplete="{purpose}"' in tag[0]


def test_choice_that_the_lists_do_not_have_stays_chosen(browser: Client, address: str, user: Any) -> None:
    Profile.objects.update_or_create(user=user, defaults={"locale": "gsw-CH", "zoneinfo": "UTC"})
    page = browser.get(address).content.decode()
    for chosen in ("gsw-CH", "UTC"):
        assert f'<option value="{chosen}" selected>' in page


def test_personal_data_has_all_of_it_and_an_erasure_leaves_none(browser: Client, address: str, user: Any) -> None:
    browser.post(address, FILLED)
    document = json.loads("".join(personal_data.export(user=user)))
    assert FILLED.keys() <= document["profile"].keys()
    assert document["profile"]["phone_number"] == "+442079460018"
    personal_data.erase(user=user)
    assert not Profile.objects.filter(phone_number="+442079460018").exists()
