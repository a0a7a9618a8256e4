"""Look for every token that was ever issued: in all tables, sessions, logs, pages, the admin and pages of failures."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_refresh_token_model

from consumer_site import vault
from consumer_site.errors import SignInNeeded
from consumer_site.models import SessionLink, StoredToken
from consumer_site.sandbox.models import Token
from consumer_site.signals import signed_in
from tests import factories, servers
from tests.flows import web_person
from tests.flows.test_linking import calendar_client
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites

SECRET_NAMES = {"qq": "key", "weixin": "secret", "github": "secret"}


def everything_stored() -> str:
    """Return every text in every table, sessions decoded; without allauth's own rows of configured applications."""
    found = [str(session.get_decoded()) for session in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found.append(str(cursor.fetchall()))
    return "\n".join(found)


def configure(provider: str, sites: LiveSites, settings: Any) -> None:
    """Name the provider to the consumer: our own, or an emulator's first app."""
    if provider == "house":
        plant_signing_key()
        calendar_client(sites)
        return
    apps = settings.CONSUMER_SITE["SANDBOX"][f"{provider.upper()}_APPS"]
    client_id, app = next(iter(apps.items()))
    SocialApp.objects.create(provider=provider, name=provider, client_id=client_id, secret=app[SECRET_NAMES[provider]])


class Browser:
    """A browser without JavaScript."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.page: Any = None

    def open(self, url: str) -> None:
        self.page = self.session.get(url, timeout=20)

    def send(self, has: str, **fields: str) -> None:
        """Send the form whose address or one of whose fields is `has`, with what it holds."""
        form = next(form for form in web_person.forms(self.page) if has in form.action or has in form.names())
        changed = [(name, value) for name, value in form.fields if name not in fields]
        address = urljoin(self.page.url, form.action)
        self.page = self.session.post(
            address, [*changed, *fields.items()], headers={"Referer": self.page.url}, timeout=20
        )


def sign_in(browser: Browser, provider: str, sites: LiveSites) -> SocialAccount:
    browser.open(f"{sites.consumer}/accounts/login/")
    browser.send(f"/accounts/{provider}/login/")
    if provider == "house":
        person = factories.make_user("ada")
        person.emailaddress_set.create(email=person.email, verified=True, primary=True)
        browser.send("password", login="ada", password=factories.PASSWORD)
        browser.send("duration", decision="allow", scope="offline_access")
    else:
        form = next(form for form in web_person.forms(browser.page) if "person" in form.names())
        key = min(value for name, value in form.choices if name == "person")
        browser.send("person", person=key, decision="allow")
    assert browser.page.url.startswith(f"{sites.consumer}/"), browser.page.url
    assert SocialAccount.objects.exists(), browser.page.text[-3000:]
    return SocialAccount.objects.get()


@pytest.fixture
def broken_receiver() -> Iterator[None]:
    """Let the last step of a sign-in fail in a way that nobody foresaw."""

    def fail(**kwargs: Any) -> None:
        raise RuntimeError("a receiver of the project is out of order")

    signed_in.connect(fail)
    yield
    signed_in.disconnect(fail)


def tokens_of(account: SocialAccount) -> set[str]:
    held = vault.load(account=account)
    assert held is not None
    return {token for token in (held.access_token, held.refresh_token) if token}


def end(account: SocialAccount) -> None:
    StoredToken.objects.filter(account=account).update(expires_at=timezone.now() - timedelta(seconds=1))


def admin_pages(account: SocialAccount) -> str:
    root = Client(headers={"host": "localhost"})
    root.force_login(factories.make_staff("root"), backend="allauth.account.auth_backends.AuthenticationBackend")
    pages = []
    rows = [("consumer_site/storedtoken", StoredToken.objects.get()), ("socialaccount/socialaccount", account)]
    rows += [("consumer_site/sessionlink", link) for link in SessionLink.objects.all()]
    for kind, row in rows:
        for address in (f"/admin/{kind}/", f"/admin/{kind}/{row.pk}/change/"):
            answer = root.get(address)
            pages.append(f"{answer.status_code} {answer.content.decode()}")
    return "\n".join(pages)


@pytest.mark.parametrize("provider", ["house", "qq", "weixin", "github"])
def test_tokens_are_nowhere_in_clear(
    provider: str, live_sites: LiveSites, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.DEBUG = True
    configure(provider, live_sites, settings)
    browser = Browser()
    account = sign_in(browser, provider, live_sites)
    issued, pages = tokens_of(account), [browser.page.text]

    profile = vault.connection_for(account).profile
    if profile is not None:
        pages.append(str(profile(account=account, client=vault.client(account.user, account.provider))))
    if vault.load(account=account).refresh_token:  # type: ignore[union-attr]  # there are tokens
        end(account)
        vault.fresh_tokens(account=account)
        assert StoredToken.objects.get().generation == 2
        issued |= tokens_of(account)
    Token.objects.all().delete()
    get_refresh_token_model().objects.all().delete()
    end(account)
    with pytest.raises(SignInNeeded) as refused:
        vault.fresh_tokens(account=account)
    pages += [str(refused.value), repr(refused.value), str(vars(refused.value))]

    failed = browser.session.get(f"{live_sites.consumer}/accounts/{provider}/login/callback/?code=bogus", timeout=20)
    assert "Reference:" in failed.text
    pages += [failed.text, admin_pages(account), everything_stored(), caplog.text]
    for path in ("/calendar/", "/accounts/3rdparty/"):
        pages.append(browser.session.get(live_sites.consumer + path, timeout=20).text)
    browser.session.close()
    assert StoredToken.objects.get().needs_sign_in
    assert issued
    for token in issued:
        assert len(token) > 15
        assert [page for page in pages if token in page] == []


@pytest.mark.parametrize("provider", ["house", "qq", "weixin", "github"])
def test_page_of_development_about_a_broken_sign_in_shows_no_token(
    provider: str, transactional_db: None, settings: Any, broken_receiver: None
) -> None:
    settings.DEBUG = True
    with servers.serve_sites(settings) as sites:
        configure(provider, sites, settings)
        browser = Browser()
        account = sign_in(browser, provider, sites)
        browser.session.close()
    assert "a receiver of the project is out of order" in browser.page.text
    assert "allauth/socialaccount" in browser.page.text
    assert [token for token in tokens_of(account) if token in browser.page.text] == []
