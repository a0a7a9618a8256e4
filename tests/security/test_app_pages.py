"""Misuse the pages of connected apps, the profile shown to one app, and what sector identifier URIs make us call."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from provider_site.models import AppProfile, Consent, OutboxMessage, Registration
from provider_site.policy.facts import Facts
from provider_site.services import app_profiles, facts, reviews, sectors
from tests import factories
from tests.provider import sector_host
from tests.provider.admin.office import enter, page_of
from tests.provider.developer.browsers import signed_in
from tests.provider.developer.pages import register
from tests.provider.driver import ISSUER_HOST, Driver
from tests.provider.sector_host import SectorHost
from tests.security.conftest import BACKEND


@pytest.fixture
def sector_site(settings: Any, tmp_path: Path) -> Iterator[SectorHost]:
    """Return a host that publishes a sector identifier document, which the provider may call."""
    with sector_host.publishing(settings, tmp_path) as host:
        yield host


def page(driver: Driver, name: str = "") -> str:
    return f"/o/apps/{driver.application.pk}/{name}"


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, "#cfe3ff").save(output, "PNG")
    return output.getvalue()


class TestConnectedApps:
    @pytest.mark.parametrize("name", ["", "profile/", "withdraw/", "withdraw-scope/", "sign-out/", "receipt/1/"])
    def test_app_of_somebody_else_is_not_there(self, driver: Driver, attacker: Driver, name: str) -> None:
        driver.tokens()
        for method in ("get", "post"):
            answer = getattr(attacker.browser, method)(page(driver, name), {"scope": "nickname"})
            assert answer.status_code in {404, 405}
        assert Consent.objects.get().closed_at is None
        assert not AppProfile.objects.exists()

    @pytest.mark.parametrize("name", ["profile/", "withdraw/", "withdraw-scope/", "sign-out/"])
    def test_form_of_another_site_changes_nothing(self, driver: Driver, user: Any, name: str) -> None:
        tokens = driver.tokens()
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.force_login(user, backend=BACKEND)
        for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
            assert strict.post(page(driver, name), {"scope": "nickname"}, headers=headers).status_code == 403
        assert driver.works(tokens.access)

    def test_pages_are_in_no_cache(self, driver: Driver) -> None:
        driver.tokens()
        number = Consent.objects.get().pk
        for name in ("", "profile/", f"receipt/{number}/"):
            assert "no-store" in driver.browser.get(page(driver, name))["Cache-Control"], name
        assert "no-store" in driver.browser.get("/o/apps/")["Cache-Control"]

    def test_page_goes_nowhere_else_by_a_parameter(self, driver: Driver) -> None:
        for name, fields in (("sign-out/", {}), ("withdraw-scope/", {"scope": "nickname"}), ("withdraw/", {})):
            driver.tokens()
            fields |= {"next": "https://evil.example/", "return": "//evil.example/"}
            answer = driver.browser.post(f"{page(driver, name)}?next=https://evil.example/", fields)
            assert answer["Location"].startswith("/o/apps/")

    @pytest.mark.parametrize("scope", ["", "\x00", "nickname\x00", "openid nickname", "x" * 100_000, "NICKNAME", "<b>"])
    def test_scope_that_is_none_takes_nothing(self, driver: Driver, scope: str) -> None:
        driver.tokens()
        assert driver.browser.post(page(driver, "withdraw-scope/"), {"scope": scope}).status_code == 303
        assert Consent.objects.get().scopes == frozenset({"openid", "nickname", "offline_access"})

    def test_browser_that_calls_itself_markup_stays_text(self, driver: Driver) -> None:
        name = "<script>alert(1)</script>\x00\r\nX: y" + "\xff" * 5000
        driver.browser.defaults["HTTP_USER_AGENT"] = name
        driver.tokens()
        assert "<script>alert" not in driver.browser.get(page(driver)).content.decode()
        admin = enter(factories.make_staff()).get(page_of(Consent, Consent.objects.get().pk, "change"))
        assert (admin.status_code, b"<script>alert" in admin.content) == (200, False)

    def test_signing_out_again_and_again_calls_nobody(self, driver: Driver) -> None:
        """Each call would be a request of ours to an address of the application's choice."""
        Registration.objects.filter(application=driver.application).update(events_url="https://app.example.com/events")
        driver.tokens()
        for _each in range(3):
            driver.browser.post(page(driver, "sign-out/"))
        assert OutboxMessage.objects.filter(kind="security-event").count() == 1


class TestProfileForOneApp:
    def send(self, driver: Driver, **fields: Any) -> Any:
        return driver.browser.post(page(driver, "profile/"), {"app_avatar": "own", "app_nickname": ""} | fields)

    @pytest.fixture
    def shown(self, driver: Driver) -> Driver:
        """Return an application that is shown a nickname and an avatar."""
        driver.tokens(scope="openid nickname avatar", scopes=["nickname", "avatar"])
        return driver

    @pytest.mark.parametrize(
        "nickname",
        ["\u202egpj.exe", "a\u2066b", "a\x00b", "a\x1bb", "\u200b\u200d", "\ue000", "x" * 300, "\ud800"],
    )
    def test_nickname_that_shows_other_than_it_is_is_refused(self, shown: Driver, nickname: str) -> None:
        try:
            answer = self.send(shown, app_nickname=nickname)
        except UnicodeEncodeError:  # no browser can send it
            return
        assert answer.status_code == 400
        assert not AppProfile.objects.exists()

    def test_nickname_is_on_one_line_and_markup_is_text(self, shown: Driver) -> None:
        assert self.send(shown, app_nickname="<b>A\r\nBcc: x@example.com\u2028{{ 1 }}</b>").status_code == 302
        assert AppProfile.objects.get().nickname == "<b>A Bcc: x@example.com {{ 1 }}</b>"
        for name in ("", "profile/"):
            assert "<b>A Bcc" not in shown.browser.get(page(shown, name)).content.decode()

    @pytest.mark.parametrize(
        "content",
        [
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
            b"GIF89a<script>alert(1)</script>",
            b"",
        ],
    )
    @pytest.mark.parametrize("where", ["app_picture", "app_picture_kept"])
    def test_file_that_is_no_picture_is_refused(self, shown: Driver, content: bytes, where: str) -> None:
        sent: Any = SimpleUploadedFile("a.png", content, content_type="image/png")
        if where == "app_picture_kept":
            sent = base64.b64encode(content).decode()
        assert self.send(shown, app_avatar="other", **{where: sent}).status_code == 400
        assert not AppProfile.objects.exists()

    def test_bomb_is_not_drawn(self, shown: Driver) -> None:
        bomb = io.BytesIO()
        Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
        for fields in (
            {"app_picture": SimpleUploadedFile("a.png", bomb.getvalue(), content_type="image/png")},
            {"app_picture_kept": base64.b64encode(bomb.getvalue()).decode()},
        ):
            assert self.send(shown, app_avatar="other", **fields).status_code == 400
        assert not AppProfile.objects.exists()

    def test_picture_of_somebody_else_is_neither_taken_nor_deleted(self, shown: Driver, other_user: Any) -> None:
        theirs = app_profiles.save(
            user=other_user, application=shown.application, nickname="", avatar=AppProfile.Avatar.OTHER, picture=png()
        )
        assert theirs is not None
        for fields in (
            {"app_avatar": "other", "app_picture": theirs.avatar_key, "avatar_key": theirs.avatar_key},
            {"app_avatar": "other", "app_picture_kept": theirs.avatar.name},
            {"app_avatar": "none", "avatar": theirs.avatar.name, "user": str(other_user.pk)},
        ):
            self.send(shown, **fields)
        theirs.refresh_from_db()
        assert theirs.avatar.storage.exists(theirs.avatar.name)
        answer = shown.browser.get(f"/o/avatar/{theirs.avatar_key}.png")
        assert b"PNG" in b"".join(answer)
        assert answer.status_code == 200
        assert not AppProfile.objects.exclude(pk=theirs.pk).filter(avatar_key=theirs.avatar_key).exists()

    def test_address_of_a_picture_is_not_guessed_and_dies_with_it(self, shown: Driver) -> None:
        upload = SimpleUploadedFile("../../evil.html", png(), content_type="text/html")
        assert self.send(shown, app_avatar="other", app_picture=upload).status_code == 302
        row = AppProfile.objects.get()
        assert len(row.avatar_key) >= 43
        assert "evil" not in row.avatar.name
        answer = shown.browser.get(f"/o/avatar/{row.avatar_key}.png")
        assert b"PNG" in b"".join(answer)
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
        self.send(shown, app_avatar="none")
        assert shown.browser.get(f"/o/avatar/{row.avatar_key}.png").status_code == 404


class TestSectors:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://127.0.0.1/s.json",
            "https://[::1]/s.json",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://user@127.0.0.1/",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
        ],
    )
    def test_document_inside_the_network_is_not_fetched(self, user: Any, settings: Any, uri: str) -> None:
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {
            "OUTBOUND_ALLOW_LOOPBACK_HTTP": False,
            "WHO_MAY_REGISTER": "everyone",
        }
        where = {"subject_type": "pairwise", "sector_identifier_uri": uri}
        answer = register(signed_in(user), redirect_uris="https://a.example.com/\nhttps://b.example.com/", **where)
        assert (
            answer.status_code,
            b"sector-identifier" in answer.content or b"sector_identifier" in answer.content,
        ) == (
            400,
            True,
        )
        assert not Registration.objects.exists()

    def test_host_of_others_is_no_sector_without_its_word(self, sector_site: SectorHost) -> None:
        """The document that was read is the one that counts, and it lists what it lists."""
        sector_site.listed = ["https://app.example.com/callback"]
        document = sectors.read(uri=sector_site.uri)
        for uris in (["https://evil.example/"], ["https://app.example.com/callback", "https://evil.example/"]):
            with pytest.raises(ValidationError, match="does not list"):
                sectors.settle(client_id="thief", redirect_uris=uris, document=document)

    def test_sector_of_another_is_not_carried_away(self, driver: Driver, user: Any) -> None:
        """Begun at somebody else's host, an application can't take its people along to its own."""
        application = factories.make_draft(user, subject_type="pairwise").application
        for uris in (["https://evil.example/"], ["com.evil.app:/"], ["http://127.0.0.1/"], ["https://localhost/"]):
            asked = facts.read(application=application).to_json() | {"redirect_uris": uris}
            with pytest.raises(ValidationError, match="somebody new"):
                reviews.change(application=application, actor=None, asked=Facts.from_json(asked))
