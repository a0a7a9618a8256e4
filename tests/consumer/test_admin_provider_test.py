"""The button that tests an entry: what it asks, what it shows, and what it keeps to itself."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.db import connection
from django.test import Client

from consumer_site import probing
from consumer_site.admin import provider_test
from consumer_site.http import OutboundSession
from consumer_site.models.sign_in_provider import SignInProvider
from consumer_site.probing import Finding
from tests.consumer.openid_provider import CLIENT_SECRET, OpenIDProvider
from tests.provider.admin.office import as_html, enter, page_of

pytestmark = pytest.mark.django_db

SECRET = "a-secret-for-one-provider-alone"


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    cache.clear()
    return enter(staff)


@pytest.fixture
def row(db: None) -> SocialApp:
    return SocialApp.objects.create(provider="qq", name="QQ", client_id="101", secret=SECRET)


def test_page(row: SocialApp) -> str:
    return page_of(SignInProvider, row.pk, "test")


test_page.__test__ = False  # type: ignore[attr-defined]  # an address


def answer_with(monkeypatch: pytest.MonkeyPatch, probe: Any) -> None:
    monkeypatch.setitem(probing._probes, "qq", probe)


def test_openid_provider_is_asked_and_each_finding_shown(
    office: Client, house: OpenIDProvider, house_entry: Any
) -> None:
    page = as_html(office.post(test_page(house_entry)))
    assert "The provider publishes what it offers" in page
    assert "The credentials are right" in page
    assert ">right</span>" in page
    assert CLIENT_SECRET not in page
    assert house.requests_to("/token")
    entry = LogEntry.objects.latest("pk")
    assert entry.change_message.startswith("Tested: ")
    assert entry.object_id == str(house_entry.pk)


def test_wrong_secret_is_told_with_what_to_do(office: Client, house: OpenIDProvider, house_entry: Any) -> None:
    house_entry.secret = "wrong-secret"
    house_entry.save()
    page = as_html(office.post(test_page(house_entry)))
    assert ">wrong</span>" in page
    assert "What to do:" in page
    assert "1 thing is wrong." in page
    assert "wrong-secret" not in page


def test_probe_gets_the_opened_secret_the_callback_and_no_transaction(
    office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from consumer_site import social_apps

    assert social_apps.seal_stored(row)
    seen: dict[str, Any] = {}
    depth = len(connection.savepoint_ids)

    def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
        seen.update(secret=app.secret, callback=callback_url, depth=len(connection.savepoint_ids))
        return (Finding(None, "Something <i>odd</i>", "d", "h"),)

    answer_with(monkeypatch, probe)
    page = as_html(office.post(test_page(row)))
    assert seen == {
        "secret": SECRET,
        "callback": "http://127.0.0.1:8000/accounts/qq/login/callback/",
        "depth": depth,
    }
    assert "Something &lt;i&gt;odd&lt;/i&gt;" in page
    assert ">to note</span>" in page
    assert SECRET not in page


def test_failing_probe_is_a_finding_and_tells_no_secret(
    office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
        raise RuntimeError(app.secret)

    answer_with(monkeypatch, probe)
    page = as_html(office.post(test_page(row)))
    assert "could not be finished" in page
    assert "RuntimeError" in caplog.text
    assert SECRET not in page + caplog.text


def test_calls_of_a_test_are_bounded_together(office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []

    def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
        with OutboundSession() as session:
            left.append(session.policy().total_timeout)
        return ()

    answer_with(monkeypatch, probe)
    monkeypatch.setattr(provider_test, "SECONDS", 2)
    office.post(test_page(row))
    assert 0 < left[0] <= 2
    with OutboundSession() as session:
        assert session.policy().total_timeout > 2


def test_tests_follow_each_other_slowly(office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch) -> None:
    count: list[int] = []
    answer_with(monkeypatch, lambda app, callback_url: (count.append(1), ())[1])
    assert office.post(test_page(row)).status_code == 200
    again = office.post(test_page(row), follow=True)
    assert again.redirect_chain[0][1] == 303
    assert "a moment ago" in again.content.decode()
    assert len(count) == 1


def test_opening_the_address_tests_nothing(office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, lambda app, callback_url: pytest.fail("called"))
    assert office.get(test_page(row))["Location"] == page_of(SignInProvider, row.pk, "change")
    assert office.post(page_of(SignInProvider, 999, "test")).status_code == 404


def test_unreadable_secret_is_told_before_any_call(
    office: Client, row: SocialApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, lambda app, callback_url: pytest.fail("called"))
    SocialApp.objects.filter(pk=row.pk).update(secret="", settings={"sealed_secret": "garbage"})
    page = as_html(office.post(test_page(row)))
    assert "The stored secret can&#x27;t be opened." in page


def test_kind_without_a_test_says_so(office: Client) -> None:
    row = SocialApp.objects.create(provider="gone", name="Gone", client_id="g")
    page = as_html(office.post(test_page(row)))
    assert "no page for people to come back to" in page
