"""Sign people up and in without trusting what can be changed."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount, SocialApp
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from consumer_site import signals, vault
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.connectors.github.provider import GitHubProvider
from consumer_site.connectors.house.provider import HouseProvider
from consumer_site.connectors.qq.provider import QQProvider
from consumer_site.connectors.weixin.provider import WeixinProvider
from consumer_site.errors import Fault
from consumer_site.http import OutboundSession
from tests.consumer.journey import HOST, Journey, assert_error_page, is_signed_in, sign_in_as
from tests.consumer.openid_provider import SUBJECT

pytestmark = pytest.mark.django_db


class Open(SocialAccountAdapter):
    """An adapter that lets people sign up whatever the project's own account pages do."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True


class Hosting(Open):
    """The adapter of a project that knows the provider's people."""

    def find_local_user(self, request: HttpRequest, sociallogin: Any) -> Any:
        return get_user_model().objects.filter(username=f"local-{sociallogin.account.uid}").first()


class Racing(Open):
    """An adapter whose sign-ups collide."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        def collide(*args: Any, **kwargs: Any) -> None:
            raise IntegrityError("UNIQUE constraint failed")

        sociallogin.account.save = collide
        return super().populate_user(request, sociallogin, data)


@pytest.fixture
def hosting(settings: Any) -> None:
    settings.SOCIALACCOUNT_ADAPTER = "tests.consumer.test_adapters.Hosting"


def add_email_scope(entry: Any) -> None:
    entry.settings["scope"] = ["openid", "nickname", "email"]
    entry.save()


def test_outbound_calls_of_every_connector_are_guarded() -> None:
    assert isinstance(SocialAccountAdapter().get_requests_session(), OutboundSession)


def test_same_address_never_links_two_people(journey: Journey, house_entry: Any, settings: Any) -> None:
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
    settings.SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
    victim = get_user_model().objects.create_user("victim", email="ada@example.com")
    EmailAddress.objects.create(user=victim, email="ada@example.com", verified=True, primary=True)
    add_email_scope(house_entry)
    journey.sign_in()
    assert not SocialAccount.objects.filter(user=victim).exists()
    assert journey.visitor.session.get("_auth_user_id") != str(victim.pk)


@pytest.mark.parametrize("verified", [True, False])
def test_address_that_is_taken_or_unproven_stops_nobody_and_is_not_kept(
    journey: Journey, house_entry: Any, settings: Any, verified: bool
) -> None:
    settings.ACCOUNT_PREVENT_ENUMERATION = False
    if verified:
        owner = get_user_model().objects.create_user("owner", email="ada@example.com")
        EmailAddress.objects.create(user=owner, email="ada@example.com", verified=True, primary=True)
    journey.house.userinfo["email_verified"] = verified
    add_email_scope(house_entry)
    response = journey.sign_in()
    assert (response.status_code, response["Location"]) == (302, "/calendar/")
    person = get_user_model().objects.exclude(username="owner").get()
    assert person.email == ""
    assert not EmailAddress.objects.filter(user=person).exists()
    assert not SocialAccount.objects.exclude(user=person).exists()


def test_people_without_an_address_can_be_many(journey: Journey) -> None:
    for subject in ("first", "second", "third"):
        journey.house.userinfo["sub"] = subject
        journey.visitor = Client(headers={"host": HOST})
        assert journey.sign_in().status_code == 302
    assert get_user_model().objects.count() == 3


def test_known_local_user_is_linked_at_the_first_sign_in(hosting: None, journey: Journey) -> None:
    local = get_user_model().objects.create_user(f"local-{SUBJECT}")
    assert journey.sign_in().status_code == 302
    account = SocialAccount.objects.get()
    assert account.user == local
    assert get_user_model().objects.count() == 1
    assert vault.load(account=account) is not None


def test_unknown_subject_makes_a_new_user(hosting: None, journey: Journey) -> None:
    journey.sign_in()
    assert get_user_model().objects.count() == 1


def test_inactive_local_user_does_not_get_in(hosting: None, journey: Journey) -> None:
    get_user_model().objects.create_user(f"local-{SUBJECT}", is_active=False)
    journey.sign_in()
    assert not is_signed_in(journey.visitor)


def test_existing_link_wins_over_the_local_user(hosting: None, journey: Journey) -> None:
    other = get_user_model().objects.create_user("came-by-another-way")
    SocialAccount.objects.create(user=other, provider="house", uid=SUBJECT)
    get_user_model().objects.create_user(f"local-{SUBJECT}")
    journey.sign_in()
    assert journey.visitor.session["_auth_user_id"] == str(other.pk)


def test_connecting_adds_the_account_to_the_signed_in_person(hosting: None, journey: Journey) -> None:
    person = get_user_model().objects.create_user("by-qq")
    get_user_model().objects.create_user(f"local-{SUBJECT}")
    sign_in_as(journey.visitor, person)
    response = journey.sign_in(form={"process": "connect"})
    assert response["Location"] == "/accounts/3rdparty/"
    account = SocialAccount.objects.get()
    assert account.user == person
    assert vault.load(account=account) is not None
    assert "林 Ada" in journey.visitor.get("/accounts/3rdparty/").content.decode()


def test_account_of_somebody_else_is_not_connected(journey: Journey) -> None:
    owner, other = (get_user_model().objects.create_user(name) for name in ("owner", "other"))
    account = SocialAccount.objects.create(user=owner, provider="house", uid=SUBJECT)
    sign_in_as(journey.visitor, other)
    journey.sign_in(form={"process": "connect"})
    account.refresh_from_db()
    assert account.user == owner


def test_connecting_again_renews_the_tokens(journey: Journey) -> None:
    person = get_user_model().objects.create_user("person")
    sign_in_as(journey.visitor, person)
    journey.sign_in(form={"process": "connect"})
    account = SocialAccount.objects.get()
    before = vault.load(account=account)
    journey.sign_in(form={"process": "connect"})
    assert vault.load(account=account) != before


def test_failed_connect_leads_back_to_the_accounts(journey: Journey) -> None:
    sign_in_as(journey.visitor, get_user_model().objects.create_user("person"))
    response = journey.sign_in(error="access_denied", form={"process": "connect"})
    assert response.status_code == 403
    assert "/accounts/3rdparty/" in response.content.decode()


def test_sign_up_that_collides_leaves_nothing_behind(journey: Journey, settings: Any) -> None:
    settings.SOCIALACCOUNT_ADAPTER = "tests.consumer.test_adapters.Racing"
    assert_error_page(journey.sign_in(), 409, "running twice")
    assert not get_user_model().objects.exists()


def test_project_is_told_of_a_sign_in(journey: Journey) -> None:
    told: list[Any] = []

    def listen(**payload: Any) -> None:
        told.append(payload["account"].uid)

    signals.signed_in.connect(listen)
    try:
        journey.sign_in()
    finally:
        signals.signed_in.disconnect(listen)
    assert told == [SUBJECT]


def test_settings_entry_gives_way_to_a_row_of_the_same_provider(house_entry: Any, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {"house": {"APPS": [{"client_id": "from settings", "secret": "x"}]}}
    (app,) = SocialAccountAdapter().list_apps(None, provider="house")
    assert app.pk == house_entry.pk
    SocialApp.objects.all().delete()
    (app,) = SocialAccountAdapter().list_apps(None, provider="house")
    assert app.client_id == "from settings"


def test_unfinished_sign_up_holds_no_token_in_the_session(journey: Journey, settings: Any) -> None:
    settings.SOCIALACCOUNT_AUTO_SIGNUP = False
    response = journey.sign_in()
    assert response["Location"] == "/accounts/3rdparty/signup/"
    stored = str(dict(journey.visitor.session))
    assert all(token not in stored for token in journey.house.access_tokens)
    assert "refresh-" not in stored
    page = journey.visitor.get(response["Location"])
    assert page.status_code == 200
    response = journey.visitor.post("/accounts/3rdparty/signup/", {"username": "ada-lovelace", "email": ""})
    assert response.status_code == 302, response.content.decode()
    assert vault.load(account=SocialAccount.objects.get()) is not None


def test_link_that_another_request_made_first_is_a_page(
    hosting: None, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_user_model().objects.create_user(f"local-{SUBJECT}")

    def collide(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("UNIQUE constraint failed")

    monkeypatch.setattr(SocialAccount, "save", collide)
    assert_error_page(journey.sign_in(), 409, "running twice")
    assert not is_signed_in(journey.visitor)


def error_page(**arguments: Any) -> HttpResponse:
    request = RequestFactory().get("/", headers={"host": HOST})
    request.user = AnonymousUser()
    request.session = {}  # type: ignore[assignment]
    with pytest.raises(ImmediateHttpResponse) as raised:
        SocialAccountAdapter().on_authentication_error(request, None, **arguments)
    response: HttpResponse = raised.value.response
    return response


class Foreign(Exception):
    """An error of another connector, with what ours look for."""

    description = "The service is having a rest."
    detail = "answered 100030"
    code = "100030"
    fault = Fault.SITE


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ({"error": AuthError.CANCELLED, "extra_context": {"state": {}}}, 403, "nothing was shared"),
        ({"error": AuthError.UNKNOWN, "extra_context": {"state_id": "x"}}, 400, "took too long"),
        ({"error": AuthError.UNKNOWN, "extra_context": {"state": {}}}, 502, "can&#x27;t use"),
        ({"exception": OAuth2Error("secret=hush"), "extra_context": {"state": {}}}, 502, "can&#x27;t use"),
        ({"exception": Foreign(), "extra_context": {"state": {}}}, 502, "having a rest"),
    ],
)
def test_every_connector_s_failure_is_our_page(
    arguments: dict[str, Any], status: int, words: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = "tests.consumer.urls_alone"
    response = error_page(**arguments)
    assert_error_page(response, status, words)
    assert "hush" not in caplog.text + response.content.decode()


@pytest.mark.parametrize("provider_class", [HouseProvider, QQProvider, WeixinProvider, GitHubProvider])
def test_every_connector_s_name_can_be_written_into_a_mail(provider_class: Any) -> None:
    provider = provider_class(RequestFactory().get("/"), app=SocialApp(provider=provider_class.id, name=""))
    assert str(provider)
