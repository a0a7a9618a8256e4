"""The standard claims about a person (OpenID Core 5.1, 5.4), from the profile and from the host."""

import logging
from typing import Any

import pytest

from provider_site.models import AppProfile, Consent
from provider_site.policy import claims as claim_policy
from provider_site.services import app_profiles, profile_details, profiles
from tests import factories
from tests.provider.driver import Driver, plant_signing_key, query
from tests.provider.portal.consent_pages import ask, row

DETAILS = {
    "middle_name": "King",
    "gender": "female",
    "birthdate": "1985-12-10",
    "locale": "en-GB",
    "zoneinfo": "Europe/London",
    "website": "https://ada.example",
    "profile_url": "https://social.example/ada",
    "phone_number": "+442079460018",
    "address_street": "12 St James's Square",
    "address_locality": "London",
    "address_postal_code": "SW1Y 4JH",
    "address_country": "United Kingdom",
}
OF_PROFILE = {
    "middle_name": "King",
    "gender": "female",
    "birthdate": "1985-12-10",
    "locale": "en-GB",
    "zoneinfo": "Europe/London",
    "website": "https://ada.example",
    "profile": "https://social.example/ada",
}
ADDRESS = {
    "formatted": "12 St James's Square\nSW1Y 4JH London\nUnited Kingdom",
    "street_address": "12 St James's Square",
    "locality": "London",
    "postal_code": "SW1Y 4JH",
    "country": "United Kingdom",
}


@pytest.fixture
def ada(user: Any) -> Any:
    """Return a person who tells everything."""
    profile_details.set_details(user=user, details=DETAILS)
    return user


@pytest.fixture
def app(db: None, ada: Any) -> Driver:
    """Return an application that may ask for everything, and the person's browser."""
    plant_signing_key()
    scopes = dict.fromkeys(["openid", "profile", "phone", "address", "email", "offline_access"], False)
    return Driver(factories.make_application(scopes=scopes | {"openid": True}), ada)


def userinfo(app: Driver, *scopes: str) -> dict[str, Any]:
    """Sign in with these scopes; return what userinfo tells."""
    tokens = app.tokens(scope=" ".join(["openid", *scopes]), scopes=scopes)
    told: dict[str, Any] = app.userinfo(tokens.access).json()
    return told


class TestScopes:
    def test_profile_opens_what_is_known_of_its_claims(self, app: Driver) -> None:
        told = userinfo(app, "profile")
        assert OF_PROFILE.items() <= told.items()
        assert not {"phone_number", "address", "email", "given_name"} & told.keys()
        assert isinstance(told["updated_at"], int)

    def test_phone_and_address_open_theirs(self, app: Driver) -> None:
        told = userinfo(app, "phone", "address")
        assert told["phone_number"] == "+442079460018"
        assert told["phone_number_verified"] is False
        assert told["address"] == ADDRESS
        assert told.keys() == {"sub", "phone_number", "phone_number_verified", "address"}

    def test_what_is_empty_is_not_sent(self, app: Driver, ada: Any) -> None:
        profile_details.set_details(user=ada, details=dict.fromkeys(DETAILS, ""))
        told = userinfo(app, "profile", "phone", "address")
        assert told.keys() == {"sub", "preferred_username", "updated_at"}

    def test_each_is_supported_by_the_metadata(self, app: Driver) -> None:
        document = app.backchannel.get("/.well-known/openid-configuration").json()
        assert {"profile", "phone", "address"} <= set(document["scopes_supported"])
        assert {*OF_PROFILE, "address", "phone_number", "phone_number_verified"} <= set(document["claims_supported"])

    def test_consent_page_shows_the_very_values(self, app: Driver) -> None:
        page = ask(app, scope="openid profile phone address")[1]
        profile = row(page, "See your profile")
        for value in OF_PROFILE.values():
            assert value in profile
        assert "+442079460018" in row(page, "See your phone number")
        assert "SW1Y 4JH London" in row(page, "See your postal address")


class TestOlderWords:
    def test_what_was_allowed_in_narrower_words_opens_what_they_said(self, app: Driver) -> None:
        tokens = app.tokens(scope="openid profile offline_access", scopes=["profile", "offline_access"])
        consent = Consent.objects.get()
        terms = {name: {**term, "wording": "1"} for name, term in consent.terms.items()}
        Consent.objects.update(terms=terms, wording_version="1")
        for refreshed in (False, True):
            told = app.userinfo(app.refresh(tokens.refresh).access if refreshed else tokens.access).json()
            assert told["preferred_username"] == "ada"
            assert not OF_PROFILE.keys() & told.keys()
        shown = app.browser.get(f"/o/apps/{app.application.pk}/").content.decode()
        assert "Your name, user name, nickname and avatar.<" in shown
        assert "Europe/London" not in shown

    def test_people_are_asked_again_about_that_scope_alone(self, app: Driver) -> None:
        app.tokens(scope="openid profile email", scopes=["profile", "email"])
        terms = {name: {**term, "wording": "1"} for name, term in Consent.objects.get().terms.items()}
        Consent.objects.update(terms=terms, wording_version="1")
        silent = query(app.authorize(scope="openid email", prompt="none"))
        assert "code" in silent
        assert query(app.authorize(scope="openid profile", prompt="none"))["error"] == "consent_required"
        assert OF_PROFILE.items() <= userinfo(app, "profile").items()
        assert "code" in query(app.authorize(scope="openid profile email", prompt="none"))

    def test_id_token_tells_no_more_than_the_old_words_either(self, app: Driver) -> None:
        asked = '{"id_token": {"gender": null, "preferred_username": null}}'
        tokens = app.tokens(scope="openid profile offline_access", scopes=["profile", "offline_access"], claims=asked)
        assert app.id_token(tokens)["gender"] == "female"
        terms = {name: {**term, "wording": "1"} for name, term in Consent.objects.get().terms.items()}
        Consent.objects.update(terms=terms, wording_version="1")
        said = app.id_token(app.refresh(tokens.refresh))
        assert said["preferred_username"] == "ada"
        assert "gender" not in said


class TestHost:
    def set_claims(self, settings: Any, given: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CLAIMS": given}

    def test_claims_of_the_host_take_the_place_of_ours_and_stay_within_the_scopes(
        self, app: Driver, settings: Any
    ) -> None:
        given = {
            "given_name": "Augusta",
            "gender": None,
            "phone_number": "+4930123456",
            "address": {"country": "DE"},
            "zoneinfo": "",
        }
        self.set_claims(settings, lambda _user: given)
        told = userinfo(app, "profile", "phone")
        assert told["given_name"] == "Augusta"
        assert not {"gender", "zoneinfo", "address"} & told.keys()
        assert (told["phone_number"], told["phone_number_verified"]) == ("+4930123456", False)

    def test_host_says_itself_whether_its_address_is_verified(self, app: Driver, settings: Any) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"EMAIL_VERIFIED": lambda _user: True}
        assert userinfo(app, "email")["email_verified"] is True
        self.set_claims(settings, lambda _user: {"email": "other@example.com"})
        assert userinfo(app, "email")["email_verified"] is False
        self.set_claims(settings, lambda _user: {"email": "other@example.com", "email_verified": True})
        assert userinfo(app, "email")["email_verified"] is True

    def test_claim_of_a_scope_of_the_hosts_own(self, app: Driver, settings: Any) -> None:
        own = {"staff": {"title": "See your number", "claims": ("employee", "groups")}}
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": own}
        self.set_claims(settings, lambda user: {"employee": user.pk, "groups": ["a", "b"], "other": 1})
        colleague = Driver(factories.make_application(scopes={"openid": True, "staff": False}), factories.make_user())
        told = userinfo(colleague, "staff")
        assert told.keys() == {"sub", "employee", "groups"}
        shown = row(ask(colleague, scope="openid staff", prompt="consent")[1], "See your number")
        assert f"employee {told['employee']} groups a, b" in shown

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("birthdate", 1985),
            ("phone_number_verified", "yes"),
            ("address", "London"),
            ("address", {"planet": "Earth"}),
            ("updated_at", "2026"),
            ("sub", "somebody-else"),
            ("iss", "https://evil.example"),
            (7, "seven"),
        ],
    )
    def test_value_of_the_wrong_type_is_left_out_and_logged_without_it(
        self, app: Driver, settings: Any, caplog: pytest.LogCaptureFixture, name: Any, value: Any
    ) -> None:
        self.set_claims(settings, lambda _user: {name: value})
        with caplog.at_level(logging.WARNING, "provider_site.claims"):
            told = userinfo(app, "profile", "phone", "address")
        assert told.get(name) != value
        assert OF_PROFILE.items() <= told.items()
        assert repr(name) in caplog.text
        assert "somebody-else" not in caplog.text

    def test_function_that_fails_costs_its_claims_and_no_sign_in(
        self, app: Driver, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(_user: Any) -> Any:
            raise RuntimeError("the directory is away")

        self.set_claims(settings, fail)
        with caplog.at_level(logging.ERROR, "provider_site.claims"):
            assert OF_PROFILE.items() <= userinfo(app, "profile").items()
        assert "CLAIMS failed" in caplog.text

    def test_host_is_not_asked_where_nothing_of_it_could_be_told(self, app: Driver, settings: Any) -> None:
        asked: list[Any] = []
        self.set_claims(settings, lambda user: asked.append(user) or {})
        assert userinfo(app).keys() == {"sub"}
        assert asked == []

    def test_nickname_and_picture_the_person_chose_stay(self, app: Driver, ada: Any, settings: Any) -> None:
        self.set_claims(settings, lambda _user: {"nickname": "Host", "picture": "https://host.example/p.png"})
        assert userinfo(app, "profile")["nickname"] == "Host"
        page = ask(app, scope="openid profile", prompt="consent")[1]
        assert "https://host.example/p.png" in row(page, "See your profile")
        assert 'src="https://host' not in page
        profiles.set_nickname(user=ada, nickname="Ada")
        app_profiles.save(user=ada, application=app.application, nickname="", avatar=AppProfile.Avatar.NONE)
        told = userinfo(app, "profile")
        assert told["nickname"] == "Ada"
        assert "picture" not in told

    def test_number_is_verified_by_whoever_proves_that_very_number(self, app: Driver, settings: Any) -> None:
        proven = {"PHONE_VERIFIED": lambda _user, number: number == "+442079460018"}
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | proven
        assert userinfo(app, "phone")["phone_number_verified"] is True
        profile_details.set_details(user=_person(app), details={"phone_number": "+4930123456"})
        assert userinfo(app, "phone")["phone_number_verified"] is False


def _person(app: Driver) -> Any:
    return Consent.objects.get(application=app.application).user


def test_anything_a_host_returns_is_told_of_or_left_out() -> None:
    for given in (None, [], "x", 7):
        assert claim_policy.checked(given)[0] == {}
        assert claim_policy.checked(given)[1]
    assert claim_policy.checked({"own": {1, 2}, "more": float("nan")})[0] == {}
    assert claim_policy.checked({"own": {"deep": [1, None, True]}})[0] == {"own": {"deep": [1, None, True]}}


def test_settings_that_can_not_be_called_are_reported(settings: Any) -> None:
    from django.core import checks

    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"CLAIMS": 7, "PHONE_VERIFIED": "nowhere.at_all"}
    errors = [message for message in checks.run_checks() if message.id == "provider_site.E009"]
    assert len(errors) == 2
