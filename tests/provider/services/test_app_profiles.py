"""services/app_profiles.py, and what comes of it: on the consent page, on its own page, at userinfo, in its files."""

import base64
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from provider_site.errors import AuthorizationRequestExpired
from provider_site.models import ApplicationScope, AppProfile, AuthorizationRequest, Consent, Profile
from provider_site.services import app_profiles, consents, deletion, pictures, profiles
from tests import factories
from tests.provider.driver import Driver, plant_signing_key
from tests.provider.portal import consent_pages

OWN, NONE, OTHER = AppProfile.Avatar.OWN, AppProfile.Avatar.NONE, AppProfile.Avatar.OTHER
SCOPE = "openid nickname avatar"
TICKED = ["nickname", "avatar"]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """Return what runs, at its end, what waits for the commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def picture(colour: str = "red") -> bytes:
    file = BytesIO()
    Image.new("RGB", (30, 20), colour).save(file, "PNG")
    return file.getvalue()


def upload(content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", picture() if content is None else content, content_type="image/png")


def redrawn(colour: str = "red") -> bytes:
    return pictures.reencode(upload(picture(colour)))


def files() -> set[str]:
    from django.conf import settings

    return {path.stem for path in Path(settings.MEDIA_ROOT).rglob("*.png")}


def told(driver: Driver, scope: str = SCOPE, ticked: Any = TICKED) -> dict[str, Any]:
    """Sign in; return what userinfo tells the application."""
    tokens = driver.redeem(driver.code(scope=scope, scopes=ticked))
    answer: dict[str, Any] = driver.userinfo(tokens.access).json()
    return answer


def decide(driver: Driver, *, asked: str = SCOPE, **fields: Any) -> Any:
    """Tick everything on the consent page, and send fields for nickname and avatar; return the answer to the form."""
    address = driver.authorize(scope=asked, prompt="consent")["Location"]
    sent = {"scope": asked.split()[1:], "duration": "30", "decision": "allow"}
    return driver.browser.post(address, sent | fields)


# --- What applications are told --------------------------------------------------------------------------------------


def test_application_is_told_what_was_chosen_for_it_and_others_are_not(driver: Driver, user: Any) -> None:
    profiles.set_profile(user=user, nickname="Ada", picture=redrawn("blue"), remove_picture=False)
    decide(driver, app_nickname="Countess", app_avatar="other", app_picture=upload())
    known, other = told(driver), told(Driver(factories.make_application(), user))
    assert (known["nickname"], other["nickname"]) == ("Countess", "Ada")
    assert known["picture"] != other["picture"]
    assert Profile.objects.get(user=user).nickname == "Ada"
    shown = driver.backchannel.get(urlsplit(known["picture"]).path)
    assert b"".join(shown.streaming_content) == redrawn()
    shown.close()
    assert shown["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_no_picture_is_told_where_none_was_chosen(driver: Driver, user: Any) -> None:
    profiles.set_profile(user=user, nickname="Ada", picture=redrawn(), remove_picture=False)
    decide(driver, app_avatar="none")
    known = told(driver)
    assert "picture" not in known
    assert known["nickname"] == "Ada"


@pytest.mark.parametrize(("full_name", "name"), [("", "Countess"), ("Ada Lovelace", "Ada Lovelace")])
def test_name_is_the_chosen_nickname_only_where_there_is_no_full_name(user: Any, full_name: str, name: str) -> None:
    user.first_name, _space, user.last_name = full_name.partition(" ")
    user.save()
    registered = factories.make_application(scopes={"openid": True, "profile": False})
    driver = Driver(registered, user)
    plant_signing_key()
    app_profiles.save(user=user, application=driver.application, nickname="Countess", avatar=OWN)
    known = told(driver, scope="openid profile", ticked=["profile"])
    assert (known["name"], known["nickname"]) == (name, "Countess")


def test_name_alone_is_the_chosen_nickname_too(driver: Driver, user: Any, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"SCOPES": {"called": {"title": "Name", "claims": ("name",)}}}
    ApplicationScope.objects.create(application=driver.application, scope="called")
    profiles.set_profile(user=user, nickname="Ada", picture=None, remove_picture=False)
    app_profiles.save(user=user, application=driver.application, nickname="Countess", avatar=OWN)
    assert told(driver, scope="openid called", ticked=["called"])["name"] == "Countess"


def test_update_is_dated_by_the_newer_of_both(user: Any, driver: Driver) -> None:
    registered = factories.make_application(scopes={"openid": True, "profile": False})
    asker = Driver(registered, user)
    profiles.get_profile(user=user)
    app_profiles.save(user=user, application=asker.application, nickname="Countess", avatar=OWN)
    now = timezone.now()
    for mine, for_app in ((1, 2), (2, 1)):
        Profile.objects.filter(user=user).update(updated=now - timedelta(days=mine))
        AppProfile.objects.update(updated=now - timedelta(days=for_app))
        known = told(asker, scope="openid profile", ticked=["profile"])
        assert known["updated_at"] == int((now - timedelta(days=1)).timestamp())


def test_choice_outlives_a_withdrawn_consent(driver: Driver, user: Any) -> None:
    decide(driver, app_nickname="Countess")
    consents.withdraw(user=user, application=driver.application)
    _address, page = consent_pages.ask(driver, scope=SCOPE)
    assert "Countess" in consent_pages.row(page, "See your nickname")
    assert told(driver)["nickname"] == "Countess"


# --- On the consent page ---------------------------------------------------------------------------------------------


def test_choice_is_offered_only_where_a_scope_opens_it(driver: Driver) -> None:
    for scope, nickname, avatar in (
        ("openid", False, False),
        ("openid nickname", True, False),
        ("openid avatar", False, True),
        (SCOPE, True, True),
    ):
        page = consent_pages.ask(driver, scope=scope)[1]
        assert ('name="app_nickname"' in page, 'name="app_avatar"' in page) == (nickname, avatar), scope


@pytest.mark.parametrize(
    ("scope", "fields"),
    [
        ("openid", {"app_nickname": "x"}),
        ("openid nickname", {"app_avatar": "none"}),
        ("openid nickname", {"app_picture_kept": "x"}),
        ("openid avatar", {"app_nickname": "x"}),
        (SCOPE, {"app_avatar": "unheard-of"}),
    ],
)
def test_choice_that_was_not_offered_saves_nothing(driver: Driver, scope: str, fields: dict[str, str]) -> None:
    answer = decide(driver, asked=scope, **fields)
    assert answer.status_code == 400
    assert "The form did not match the request." in answer.content.decode()
    assert not Consent.objects.exists()
    assert not AppProfile.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"app_nickname": "x" * 41}, "app_nickname", "at most 40 characters"),
        ({"app_nickname": "\u202ex"}, "app_nickname", "invisible control characters"),
        ({"app_avatar": "other"}, "app_picture", "Choose a picture."),
        ({"app_avatar": "own", "app_picture": True}, "app_picture", "choose “Another picture” above"),
        ({"app_avatar": "other", "app_picture": b"no picture"}, "app_picture", "not a picture we can read"),
        ({"app_avatar": "other", "app_picture_kept": base64.b64encode(b"x").decode()}, "app_picture", "not a picture"),
    ],
)
def test_wrong_choice_is_told_at_its_field_and_nothing_is_recorded(
    driver: Driver, fields: dict[str, Any], field: str, text: str
) -> None:
    if "app_picture" in fields:
        fields = fields | {"app_picture": upload() if fields["app_picture"] is True else upload(fields["app_picture"])}
    answer = decide(driver, **(fields | {"duration": "365"}))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert text in page.partition(f'id="id_{field}_error"')[2][:300]
    assert (consent_pages.ticked(page), consent_pages.duration(page)) == (set(TICKED), "365")
    assert "app-profile" in page
    assert not Consent.objects.exists()
    assert not AppProfile.objects.exists()
    assert files() == set()
    assert not AuthorizationRequest.objects.exclude(decision="").exists()


def test_picture_is_kept_while_something_else_is_mended(driver: Driver) -> None:
    wrong = decide(driver, app_nickname="x" * 41, app_avatar="other", app_picture=upload())
    kept = wrong.content.decode().partition('name="app_picture_kept" value="')[2].partition('"')[0]
    assert base64.b64decode(kept) == redrawn()
    decide(driver, app_nickname="Countess", app_avatar="other", app_picture_kept=kept)
    assert Path(AppProfile.objects.get().avatar.path).read_bytes() == redrawn()


def test_preview_shows_what_the_app_would_get_and_saves_nothing(driver: Driver, user: Any) -> None:
    profiles.set_nickname(user=user, nickname="Ada")
    answer = decide(driver, decision="preview", app_nickname="Countess", app_avatar="other", app_picture=upload())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Countess" in consent_pages.row(page, "See your nickname")
    assert page.count('src="data:image/png;base64,') == 3  # at the scope, in the preview, and beside the field
    assert consent_pages.ticked(page) == set(TICKED)
    assert not Consent.objects.exists()
    assert not AppProfile.objects.exists()
    assert files() == set()


def test_denial_saves_no_choice_and_asks_for_no_right_one(driver: Driver) -> None:
    answer = decide(driver, decision="deny", app_nickname="x" * 41)
    assert answer.status_code == 303
    assert not AppProfile.objects.exists()


def test_form_without_the_fields_leaves_the_choice(driver: Driver, user: Any) -> None:
    app_profiles.save(
        user=user, application=driver.application, nickname="Countess", avatar=OTHER, picture=redrawn("blue")
    )
    assert decide(driver).status_code == 303
    row = AppProfile.objects.get()
    assert (row.nickname, row.avatar_choice, Path(row.avatar.path).read_bytes()) == ("Countess", OTHER, redrawn("blue"))


def test_decision_that_comes_too_late_takes_the_choice_with_it(driver: Driver, user: Any) -> None:
    address = driver.authorize(scope=SCOPE)["Location"]
    sent = {"scope": TICKED, "duration": "30", "decision": "allow"}
    driver.browser.post(address, sent)
    late = driver.browser.post(address, sent | {"app_nickname": "Late", "app_avatar": "other", "app_picture": upload()})
    assert late.status_code == 410
    assert not AppProfile.objects.exists()
    assert files() == set()


# --- On its own page -------------------------------------------------------------------------------------------------


def test_choice_is_changed_later_on_its_own_page(driver: Driver, user: Any) -> None:
    told(driver)
    address = f"/o/apps/{driver.application.pk}/profile/"
    assert driver.browser.get(address).status_code == 200
    assert driver.browser.post(address, {"app_nickname": "x" * 41}).status_code == 400
    shown = driver.browser.post(address, {"app_nickname": "Countess", "app_avatar": "none", "decision": "preview"})
    assert "Countess" in consent_pages.words(shown.content.decode())
    assert not AppProfile.objects.exists()
    assert driver.browser.post(address, {"app_nickname": "Countess", "app_avatar": "none"}).status_code == 302
    assert told(driver)["nickname"] == "Countess"


def test_page_of_an_app_that_is_told_neither_is_not_there(driver: Driver, other_user: Any) -> None:
    address = f"/o/apps/{driver.application.pk}/profile/"
    assert driver.browser.get(address).status_code == 404
    driver.code(scope="openid offline_access", scopes=["offline_access"])
    assert driver.browser.get(address).status_code == 404
    driver.code(scope="openid nickname", scopes=["nickname"])
    page = driver.browser.get(address).content.decode()
    assert ('name="app_nickname"' in page, 'name="app_avatar"' in page) == (True, False)
    assert driver.browser.post(address, {"app_nickname": "x", "app_avatar": "none"}).status_code == 400
    assert not AppProfile.objects.exists()
    driver.sign_in_again(other_user)
    assert driver.browser.post(address, {"app_nickname": "x"}).status_code == 404
    assert driver.browser.get("/o/apps/no-key/profile/").status_code == 404


# --- Files -----------------------------------------------------------------------------------------------------------


def test_picture_that_is_shown_no_longer_is_deleted(driver: Driver, user: Any, committed: Callable[[], Any]) -> None:
    def save(**chosen: Any) -> AppProfile | None:
        with committed():
            return app_profiles.save(user=user, application=driver.application, nickname="", **chosen)

    first = save(avatar=OTHER, picture=redrawn())
    assert first is not None
    assert files() == {first.avatar_key}
    second = save(avatar=OTHER, picture=redrawn("blue"))
    assert second is not None
    assert files() == {second.avatar_key} != {first.avatar_key}
    assert driver.browser.get(f"/o/avatar/{first.avatar_key}.png").status_code == 404
    kept = save(avatar=OTHER)
    assert kept is not None
    assert (kept.avatar_key, files()) == (second.avatar_key, {second.avatar_key})
    save(avatar=OWN)
    assert files() == set()
    with pytest.raises(ValidationError, match=r"Choose a picture\."):
        save(avatar=OTHER)
    assert driver.browser.get(f"/o/avatar/{second.avatar_key}.png").status_code == 404


def test_block_that_fails_takes_row_and_file_with_it(driver: Driver, user: Any) -> None:
    saved = app_profiles.saved(
        user=user, application=driver.application, nickname="Countess", avatar=OTHER, picture=redrawn()
    )
    with pytest.raises(AuthorizationRequestExpired), saved:
        raise AuthorizationRequestExpired
    assert not AppProfile.objects.exists()
    assert files() == set()


def test_nothing_chosen_makes_no_row_and_nothing_new_no_update(driver: Driver, user: Any) -> None:
    assert app_profiles.save(user=user, application=driver.application, nickname=" ", avatar=OWN) is None
    assert not AppProfile.objects.exists()
    app_profiles.save(user=user, application=driver.application, nickname="Countess", avatar=NONE)
    AppProfile.objects.update(updated=timezone.now() - timedelta(days=9))
    app_profiles.save(user=user, application=driver.application, nickname="Countess", avatar=NONE)
    assert timezone.now() - AppProfile.objects.get().updated > timedelta(days=8)


@pytest.mark.parametrize("gone", ["person", "application"])
def test_deletion_takes_the_files_along(
    driver: Driver, user: Any, other_user: Any, committed: Callable[[], Any], gone: str
) -> None:
    other = factories.make_application().application
    owners = [(user, driver.application), (user, other), (other_user, driver.application)]
    for person, application in owners:
        app_profiles.save(user=person, application=application, nickname="", avatar=OTHER, picture=redrawn())
    with committed():
        if gone == "person":
            deletion.delete_person(user=user)
        else:
            deletion.delete_application(application=driver.application, actor=None)
    left = AppProfile.objects.get()
    assert (left.user, left.application) == ((other_user, driver.application) if gone == "person" else (user, other))
    assert files() == {left.avatar_key}
