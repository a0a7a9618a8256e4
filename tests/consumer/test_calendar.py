"""The calendar's pages."""

import datetime as dt
import re
from io import BytesIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from PIL import Image

from consumer_site.calendar.month import lay_out, parse_month
from consumer_site.calendar.pictures import NotAPicture, redrawn
from consumer_site.models import AvatarCopy, CalendarEvent
from tests.consumer.journey import HOST, Journey, sign_in_as
from tests.consumer.openid_provider import PICTURE, Answer, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(visitor: Client) -> Any:
    made = get_user_model().objects.create_user("person")
    sign_in_as(visitor, made)
    return made


def test_home_is_for_everybody(visitor: Client, person: Any) -> None:
    anonymous = Client(headers={"host": HOST}).get("/")
    assert "/accounts/login/" in anonymous.content.decode()
    assert "/calendar/" in visitor.get("/").content.decode()


@pytest.mark.parametrize("address", ["/calendar/", "/accounts/3rdparty/"])
def test_pages_of_one_s_own_ask_to_sign_in_here(visitor: Client, address: str) -> None:
    response = visitor.get(address)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", ["/", "/accounts/login/", "/calendar/", "/accounts/3rdparty/", "/accounts/logout/"])
def test_pages_load_nothing_foreign_and_are_not_framed_or_kept(visitor: Client, person: Any, address: str) -> None:
    if address == "/accounts/login/":
        visitor.logout()
    response = visitor.get(address)
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    text = response.content.decode()
    assert "<script" not in text
    assert "style=" not in text
    assert text.count("<h1") == 1


def test_sign_in_page_offers_what_is_configured_and_names_the_emulator(
    journey: Journey, visitor: Client, settings: Any
) -> None:
    from allauth.socialaccount.models import SocialApp

    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "QQ_BASE_URLS": {"77": "http://127.0.0.1:8000/sandbox/qq"}}
    SocialApp.objects.filter(provider="qq").delete()
    app = SocialApp.objects.create(provider="qq", name="QQ", client_id="77", secret="x")
    text = visitor.get("/accounts/login/").content.decode()
    assert "Sign in with House" in text
    assert "Sign in with QQ" in text
    assert "emulator of QQ at 127.0.0.1:8000" in text
    app.client_id = "78"
    app.save()
    assert "emulator" not in visitor.get("/accounts/login/").content.decode()


def test_sign_in_page_without_connectors_says_so(visitor: Client) -> None:
    assert "no way to sign in yet" in visitor.get("/accounts/login/").content.decode()


def test_sign_in_page_sends_the_signed_in_on_but_nowhere_else(visitor: Client, person: Any) -> None:
    assert visitor.get("/accounts/login/?next=/calendar/%3Fmonth%3D2030-01")["Location"] == "/calendar/?month=2030-01"
    assert visitor.get("/accounts/login/?next=https://evil.example/")["Location"] == "/calendar/"


def test_signing_out_needs_a_post(visitor: Client, person: Any) -> None:
    assert visitor.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in visitor.session
    assert visitor.post("/accounts/logout/")["Location"] == "/"
    assert "_auth_user_id" not in visitor.session


def test_entries_are_added_and_deleted(visitor: Client, person: Any) -> None:
    response = visitor.post("/calendar/events/", {"title": "<b>Tea</b>", "day": "2030-01-15", "time": "16:30"})
    assert response["Location"] == "/calendar/?month=2030-01#month"
    text = visitor.get("/calendar/?month=2030-01").content.decode()
    assert "&lt;b&gt;Tea&lt;/b&gt;" in text
    assert "1 entry" in text
    event = CalendarEvent.objects.get()
    assert visitor.post(f"/calendar/events/{event.pk}/delete/").status_code == 303
    assert not CalendarEvent.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"title": "", "day": "2030-01-15"},
        {"title": "Tea", "day": "soon"},
        {"title": "Tea", "day": "9999-01-01"},
        {"title": "x" * 121, "day": "2030-01-15"},
        {"title": "Tea", "day": "2030-01-15", "time": "99:99"},
    ],
)
def test_wrong_entry_is_explained_and_not_kept(visitor: Client, person: Any, form: dict[str, str]) -> None:
    response = visitor.post("/calendar/events/", form)
    assert response.status_code == 422
    assert "_error" in response.content.decode()
    assert not CalendarEvent.objects.exists()


def test_other_people_s_entries_do_not_exist(visitor: Client, person: Any) -> None:
    other = get_user_model().objects.create_user("other")
    event = CalendarEvent.objects.create(user=other, title="Private", day=timezone.localdate())
    assert visitor.post(f"/calendar/events/{event.pk}/delete/").status_code == 404
    assert "Private" not in visitor.get("/calendar/").content.decode()
    assert visitor.get(f"/calendar/events/{event.pk}/delete/").status_code == 405


def test_full_calendar_says_so(visitor: Client, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumer_site.calendar.views._MAX_EVENTS", 0)
    response = visitor.post("/calendar/events/", {"title": "Tea", "day": "2030-01-15"})
    assert response.status_code == 422
    assert "full" in response.content.decode()


@pytest.mark.parametrize("text", ["", "x", "2030-13", "99999-01", "-1-1", "2030-1-1", "0001-01", "２０３０-01x"])
def test_month_that_is_none_is_this_month(text: str) -> None:
    today = dt.date(2026, 11, 22)
    assert parse_month(text, today=today) == dt.date(2026, 11, 1)


def test_month_is_laid_out_in_whole_weeks_with_today_marked() -> None:
    today = dt.date(2026, 2, 3)
    month = lay_out(dt.date(2026, 2, 1), today=today, events=[])
    assert all(len(week) == 7 for week in month.weeks)
    assert [day.date for week in month.weeks for day in week if day.today] == [today]
    assert (month.previous, month.following) == ("2026-01", "2026-03")
    assert lay_out(dt.date(1970, 1, 1), today=today, events=[]).previous == ""
    assert lay_out(dt.date(2199, 12, 1), today=today, events=[]).following == ""


def test_sign_in_stays_open_where_a_project_closes_everything_else(journey: Journey, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert journey.visitor.get("/").status_code == 200
    assert journey.visitor.get("/accounts/login/").status_code == 200
    assert journey.sign_in().status_code == 302
    assert journey.visitor.get("/calendar/").status_code == 200


# --- the avatar -----------------------------------------------------------------------------------------------------


def avatar_address(visitor: Client) -> str:
    found = re.search(r"/calendar/avatar/[0-9a-f]{64}", visitor.get("/calendar/").content.decode())
    return found.group() if found else ""


def test_avatar_is_served_from_here_as_a_picture_and_nothing_else(journey: Journey) -> None:
    journey.sign_in()
    address = avatar_address(journey.visitor)
    assert address.startswith("/calendar/avatar/")
    response = journey.visitor.get(address)
    assert response.content == redrawn(PICTURE)
    assert response["Content-Type"] == "image/png"  # by its bytes, though the provider said text/html
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert journey.house.issuer not in journey.visitor.get("/calendar/").content.decode()
    assert len(journey.house.requests_to("/picture")) == 1


def test_avatar_is_its_owner_s_alone(journey: Journey) -> None:
    journey.sign_in()
    address = avatar_address(journey.visitor)
    stranger = Client(headers={"host": HOST})
    assert stranger.get(address).status_code == 404
    sign_in_as(stranger, get_user_model().objects.create_user("stranger"))
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize(
    "reply",
    [
        Answer(b"<html><script>alert(1)</script>", headers={"Content-Type": "image/png"}),
        Answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>", headers={"Content-Type": "image/svg+xml"}),
        Answer(PICTURE + b"x" * 600_000),
        Answer(PICTURE, status=500),
        Answer(b"", status=302, headers={"Location": "http://169.254.169.254/"}),
        Answer(b""),
    ],
)
def test_what_is_no_small_picture_is_not_shown(journey: Journey, reply: Answer) -> None:
    journey.house.replies["/picture"] = reply
    journey.sign_in()
    assert avatar_address(journey.visitor) == ""
    assert journey.visitor.get("/calendar/").status_code == 200
    # A failure is remembered for a while, so that a slow picture does not slow every page.
    assert len(journey.house.requests_to("/picture")) == 1


def test_failed_avatar_is_tried_again_later_and_an_old_one_outlives_a_failure(journey: Journey) -> None:
    journey.sign_in()
    assert avatar_address(journey.visitor)
    journey.house.replies["/picture"] = Answer(b"", status=500)
    AvatarCopy.objects.update(fetched_at=timezone.now() - dt.timedelta(days=2))
    assert avatar_address(journey.visitor)
    assert len(journey.house.requests_to("/picture")) == 2


def test_withdrawn_avatar_is_forgotten(journey: Journey) -> None:
    journey.sign_in()
    assert avatar_address(journey.visitor)
    account = SocialAccount.objects.get()
    account.extra_data = {"nickname": "x"}
    account.save()
    assert avatar_address(journey.visitor) == ""
    assert not AvatarCopy.objects.exists()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_picture_is_drawn_anew_whatever_its_kind(kind: str) -> None:
    copy = redrawn(picture((10, 200, 30), kind=kind) + b"<script>after the end</script>")
    with Image.open(BytesIO(copy)) as image:
        assert (image.format, image.size) == ("PNG", (256, 256))
        red, green, blue = image.convert("RGB").getpixel((128, 128))
    assert green > 150 > max(red, blue)
    assert b"not to be kept" not in copy
    assert b"<script>" not in copy


def test_camera_s_place_and_turn_are_not_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x8825] = {1: "N"}  # where it was taken
    source = BytesIO()
    image = Image.new("RGB", (40, 40), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 40, 20))
    image.save(source, "JPEG", exif=exif)
    with Image.open(BytesIO(redrawn(source.getvalue()))) as copy:
        assert not copy.getexif()
        right, left = copy.convert("RGB").getpixel((200, 128)), copy.convert("RGB").getpixel((50, 128))
    assert right[0] > 200
    assert left[0] < 60


@pytest.mark.parametrize("cut", [0, 8, 30, 60])
def test_damaged_picture_is_none(cut: int) -> None:
    with pytest.raises(NotAPicture):
        redrawn(PICTURE[:cut])


def test_picture_that_is_small_as_a_file_and_huge_when_decoded_is_none() -> None:
    bomb = BytesIO()
    Image.new("1", (6000, 6000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(NotAPicture):
        redrawn(bomb.getvalue())


# --- accounts -------------------------------------------------------------------------------------------------------


def test_last_account_stays_and_another_can_go(journey: Journey) -> None:
    journey.sign_in()
    account = SocialAccount.objects.get()
    refused = journey.visitor.post("/accounts/3rdparty/", {"account": account.pk})
    assert refused.status_code == 422
    assert "your only way to sign in here" in refused.content.decode()
    other = SocialAccount.objects.create(user=account.user, provider="gone", uid="x", extra_data=["odd"])
    assert "gone" in journey.visitor.get("/accounts/3rdparty/").content.decode()
    response = journey.visitor.post("/accounts/3rdparty/", {"account": account.pk})
    assert response.status_code == 303
    assert SocialAccount.objects.get() == other
    assert journey.visitor.get("/calendar/").status_code == 200


def test_account_of_a_connector_that_is_gone_still_shows_the_calendar(journey: Journey, house_entry: Any) -> None:
    journey.sign_in()
    house_entry.delete()
    text = journey.visitor.get("/calendar/").content.decode()
    assert "林 Ada" in text


def test_pages_speak_the_browser_s_language(visitor: Client) -> None:
    response = visitor.get("/accounts/login/", headers={"accept-language": "zh-CN,zh"})
    assert '<html lang="zh-hans"' in response.content.decode()


def test_calendar_shows_the_account_of_this_sign_in(journey: Journey) -> None:
    journey.sign_in()
    person = get_user_model().objects.get()
    SocialAccount.objects.create(user=person, provider="house", uid="another", extra_data={"nickname": "Newer"})
    text = journey.visitor.get("/calendar/").content.decode()
    assert "林 Ada" in text
    assert "Newer" not in text
