"""Read, change or delete what is another person's, or anything at all by a link."""

import datetime as dt
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from consumer_site.models import CalendarEvent
from tests import factories
from tests.consumer.journey import HOST, Journey, sign_in_as

pytestmark = pytest.mark.django_db
ENTRIES = "/calendar/events/"


@pytest.fixture
def theirs(victim: Any) -> CalendarEvent:
    return CalendarEvent.objects.create(user=victim, title="<b>secret</b> plans", day=dt.date(2026, 5, 1))


@pytest.fixture
def nosy(visitor: Client) -> Client:
    sign_in_as(visitor, factories.make_user("nosy"))
    return visitor


def test_entry_of_another_is_neither_seen_nor_deleted(nosy: Client, theirs: CalendarEvent) -> None:
    assert "secret" not in nosy.get("/calendar/", {"month": "2026-05"}).content.decode()
    assert nosy.post(f"{ENTRIES}{theirs.pk}/delete/").status_code == 404
    assert CalendarEvent.objects.filter(pk=theirs.pk).exists()


def test_entry_can_be_given_to_nobody_else(nosy: Client, victim: Any) -> None:
    form = {"title": "x", "day": "2026-05-01", "user": victim.pk, "user_id": victim.pk, "pk": 1, "id": 1}
    assert nosy.post(ENTRIES, form).status_code == 303
    assert CalendarEvent.objects.get().user.username == "nosy"


def test_entry_of_another_is_not_overwritten_by_its_key(nosy: Client, theirs: CalendarEvent) -> None:
    nosy.post(ENTRIES, {"title": "mine", "day": "2026-05-01", "id": theirs.pk, "pk": theirs.pk})
    theirs.refresh_from_db()
    assert theirs.title == "<b>secret</b> plans"
    assert theirs.user.username == "victim"


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete"])
def test_only_a_posted_form_changes_anything(visitor: Client, victim: Any, theirs: CalendarEvent, method: str) -> None:
    account = SocialAccount.objects.create(provider="qq", uid="A1" * 16, user=victim)
    sign_in_as(visitor, victim)
    send = getattr(visitor, method)
    form = {"account": account.pk, "title": "x", "day": "2026-05-01"}
    for address in (f"{ENTRIES}{theirs.pk}/delete/", ENTRIES, "/accounts/3rdparty/", "/accounts/logout/"):
        send(address, query_params=form)
    assert CalendarEvent.objects.count() == 1
    assert SocialAccount.objects.exists()
    assert visitor.session["_auth_user_id"] == str(victim.pk)


def test_account_of_another_is_neither_seen_nor_disconnected(nosy: Client, victim: Any) -> None:
    account = SocialAccount.objects.create(
        provider="qq", uid="A1" * 16, user=victim, extra_data={"nickname": "secret name"}
    )
    assert "secret name" not in nosy.get("/accounts/3rdparty/").content.decode()
    assert nosy.post("/accounts/3rdparty/", {"account": account.pk}).status_code == 422
    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_last_way_in_is_not_disconnected(journey: Journey) -> None:
    journey.sign_in()
    account = SocialAccount.objects.get()
    assert journey.visitor.post("/accounts/3rdparty/", {"account": account.pk}).status_code == 422
    assert SocialAccount.objects.exists()


def test_account_whose_connector_is_gone_can_go(journey: Journey) -> None:
    journey.sign_in()
    person = SocialAccount.objects.get().user
    stale = SocialAccount.objects.create(provider="qq", uid="A1" * 16, user=person)
    assert journey.visitor.post("/accounts/3rdparty/", {"account": stale.pk}).status_code == 303
    assert list(SocialAccount.objects.values_list("provider", flat=True)) == ["house"]


@pytest.mark.parametrize(
    "address", ["/calendar/", ENTRIES, f"{ENTRIES}1/delete/", "/accounts/3rdparty/", "/calendar/?month=2026-05"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signed_in_gets_nothing(db: None, address: str, method: str) -> None:
    answer = getattr(Client(headers={"host": HOST}), method)(address)
    assert answer.status_code in {302, 405}
    if answer.status_code == 302:
        assert answer["Location"].startswith("/accounts/login/?next=/")


@pytest.mark.parametrize(
    "month",
    ["9" * 30 + "-01", "1-" + "9" * 30, "-1-1", "²-1", "2026-13", "0-0", "2026", "", "2026-05-01", "'", "\x00", "1e9-1",
     "9" * 6000, "2199-12", "1970-01"],
)  # fmt: skip
def test_nonsensical_month_is_a_page(nosy: Client, month: str) -> None:
    assert nosy.get("/calendar/", {"month": month}).status_code == 200


@pytest.mark.parametrize("key", [0, 2**31, 2**63, 10**40])
def test_nonsensical_key_is_not_found(nosy: Client, key: int) -> None:
    assert nosy.post(f"{ENTRIES}{key}/delete/").status_code == 404


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}"])
def test_text_of_an_entry_and_of_a_provider_is_text(journey: Journey, text: str) -> None:
    journey.house.userinfo["nickname"] = text
    journey.sign_in()
    journey.visitor.post(ENTRIES, {"title": text, "day": "2026-05-01"})
    for address in ("/calendar/?month=2026-05", "/accounts/3rdparty/"):
        page = journey.visitor.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "14" not in page.partition("<h1")[2].partition("</h1>")[0]
