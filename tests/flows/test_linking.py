"""Where both sites share one users table: a first sign-in through our own issuer finds the local person."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model

from project.linking import SocialAccountAdapter
from tests.factories import PASSWORD, make_application, make_user
from tests.servers import LiveSites

ISSUER = "http://localhost:8000"


def social_login(uid: str, *, provider: str = "house", server_url: str = ISSUER, email: str = "") -> Any:
    app = SimpleNamespace(provider=provider, client_id="calendar", settings={"server_url": server_url})
    account = SimpleNamespace(uid=uid, provider=provider, extra_data={"email": email})
    addresses = [SimpleNamespace(email=email, verified=True)] if email else []
    return SimpleNamespace(provider=SimpleNamespace(app=app), account=account, email_addresses=addresses)


@pytest.fixture
def subject(user: Any) -> str:
    """Return the subject under which our provider knows `user`."""
    from provider_site.services.profiles import get_profile

    return str(get_profile(user=user).subject)


def find(login: Any) -> Any:
    return SocialAccountAdapter().find_local_user(None, login)


def test_subject_of_our_own_issuer_is_the_local_person(user: Any, subject: str) -> None:
    assert find(social_login(subject)) == user


def test_unknown_subject_is_nobody_even_with_a_known_email(user: Any, subject: str) -> None:
    assert find(social_login("somebody-else", email=user.email)) is None


def test_primary_key_is_not_a_subject(user: Any, subject: str) -> None:
    assert find(social_login(str(user.pk))) is None


def test_pairwise_subject_is_the_local_person_at_its_own_application_alone(user: Any, subject: str) -> None:
    from provider_site.services import subjects

    make_application(client_id="calendar", subject_type="pairwise")
    own = subjects.pairwise(user=user, sector="app.example.com")
    assert find(social_login(own)) == user
    assert find(social_login(subject)) is None
    assert find(social_login(subjects.pairwise(user=user, sector="other.example.com"))) is None


@pytest.mark.parametrize("issuer", ["https://id.example.com", "http://localhost:8001", "http://localhost:8000/", ""])
def test_subject_of_another_issuer_is_nobody(user: Any, subject: str, issuer: str) -> None:
    assert find(social_login(subject, server_url=issuer)) is None


def test_openid_that_looks_like_a_subject_is_nobody(user: Any, subject: str) -> None:
    assert find(social_login(subject, provider="qq")) is None


@pytest.mark.parametrize("sites", [("consumer",), ("provider",)])
def test_site_that_stands_alone_links_nobody(user: Any, subject: str, settings: Any, sites: tuple[str, ...]) -> None:
    settings.SITES = sites
    assert find(social_login(subject)) is None


class Visitor:
    """A browser without a screen: it keeps cookies and sends the forms it is shown."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.response: Any = None

    def open(self, url: str) -> None:
        self.response = self.session.get(url, timeout=20)
        assert self.response.status_code == 200, self.response.text

    def send(self, marker: str, **fields: Any) -> None:
        """Post the form of the page that holds `marker`, with its token and other hidden fields."""
        forms = re.findall(r"<form[^>]*>.*?</form>", self.response.text, re.DOTALL)
        form = next(form for form in forms if marker in form)
        data = {}
        for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', form):
            value = re.search(r'value="([^"]*)"', field)
            data[re.search(r'name="([^"]*)"', field)[1]] = value[1] if value else ""
        action = re.search(r'<form[^>]*action="([^"]*)"', form)
        url = requests.compat.urljoin(self.response.url, action[1] if action else "")
        self.response = self.session.post(url, {**data, **fields}, headers={"Referer": self.response.url}, timeout=20)
        assert self.response.status_code == 200, self.response.text


def calendar_client(sites: LiveSites, **facts: Any) -> None:
    registered = make_application(
        name="朝夕日历",
        redirect_uris=[f"{sites.consumer}/accounts/house/login/callback/"],
        scopes={"openid": True, "nickname": True, "avatar": False, "offline_access": False},
        **facts,
    )
    SocialApp.objects.create(
        provider="house",
        name="house",
        client_id=registered.application.client_id,
        secret=registered.client_secret,
        settings={"server_url": sites.provider},
    )


def sign_in_at_the_calendar(sites: LiveSites, person: Any) -> Visitor:
    visitor = Visitor()
    visitor.open(f"{sites.consumer}/accounts/login/")
    visitor.send("/accounts/house/login/")
    visitor.send('name="password"', login=person.username, password=PASSWORD)
    if "/o/consent/" in visitor.response.url:
        visitor.send('name="decision"', decision="allow")
    assert visitor.response.url.startswith(f"{sites.consumer}/calendar/"), visitor.response.text
    return visitor


def test_first_sign_in_over_http_lands_on_the_same_person(live_sites: LiveSites) -> None:
    from provider_site.services.profiles import get_profile, set_nickname

    person = make_user("xiaoming")
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    set_nickname(user=person, nickname="小明")
    calendar_client(live_sites)
    people = get_user_model().objects.count()

    visitor = sign_in_at_the_calendar(live_sites, person)

    assert "小明" in visitor.response.text
    link = SocialAccount.objects.get()
    assert (link.user, link.provider, link.uid) == (person, "house", get_profile(user=person).subject)
    assert get_user_model().objects.count() == people
    # The second time there is a link already, and it stays the only one.
    sign_in_at_the_calendar(live_sites, person)
    assert SocialAccount.objects.count() == 1


def test_signing_in_at_the_calendar_does_not_open_the_admin(live_sites: LiveSites) -> None:
    person = make_user("boss", is_staff=True, is_superuser=True)
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    calendar_client(live_sites)

    visitor = sign_in_at_the_calendar(live_sites, person)

    consumer_cookie = next(cookie for cookie in visitor.session.cookies if cookie.value.startswith("consumer."))
    carried = requests.get(
        f"{live_sites.provider}/admin/", cookies={consumer_cookie.name: consumer_cookie.value}, timeout=20
    )
    assert "/accounts/login/" in carried.url
    assert requests.get(f"{live_sites.consumer}/admin/", timeout=20).status_code == 404


def test_newcomer_signs_up_by_a_connector_but_not_by_the_consumers_form(live_sites: LiveSites) -> None:
    form = requests.get(f"{live_sites.consumer}/accounts/signup/", timeout=20)
    assert 'name="password1"' not in form.text
    assert 'name="password1"' in requests.get(f"{live_sites.provider}/accounts/signup/", timeout=20).text
    assert SocialAccountAdapter().is_open_for_signup(None, social_login("x"))


def test_first_sign_in_by_a_pairwise_subject_lands_on_the_same_person(live_sites: LiveSites) -> None:
    from provider_site.services.profiles import get_profile

    person = make_user("xiaoming")
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    calendar_client(live_sites, subject_type="pairwise")
    people = get_user_model().objects.count()
    sign_in_at_the_calendar(live_sites, person)
    (link,) = SocialAccount.objects.all()
    assert link.user == person
    assert link.uid not in {get_profile(user=person).subject, str(person.pk)}
    assert get_user_model().objects.count() == people
