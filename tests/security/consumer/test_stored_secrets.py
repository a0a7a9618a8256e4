"""Find tokens, codes and keys in logs, pages, sessions, addresses and the admin, or use them out of their place."""

import logging
import re
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from consumer_site import vault
from consumer_site.models import SessionLink, StoredToken
from tests import factories
from tests.consumer.journey import Journey, query_of
from tests.consumer.openid_provider import CLIENT_SECRET
from tests.consumer.qq_samples import ACCESS_TOKEN, APP_KEY, REFRESH_TOKEN, CannedQQ
from tests.security.consumer import qq_journey
from tests.security.test_site_binding import browser, sign_in

pytestmark = pytest.mark.django_db


def everything_stored() -> str:
    """Return every text in every table but the configured applications, sessions decoded."""
    found = [str(session.get_decoded()) for session in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != "socialaccount_socialapp":
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found.append(str(cursor.fetchall()))
    return "\n".join(found)


def assert_nowhere(secrets: list[str], *places: str) -> None:
    for secret in secrets:
        assert len(secret) > 7
        for place in places:
            assert secret not in place


@pytest.mark.parametrize("end", ["well", "by a broken ID token", "by a broken profile", "by a refused code"])
def test_house_s_secrets_are_nowhere(journey: Journey, caplog: pytest.LogCaptureFixture, end: str) -> None:
    caplog.set_level(logging.DEBUG)
    if end == "by a broken ID token":
        journey.house.bend_claims = lambda claims: claims.update(aud="x")
    if end == "by a broken profile":
        journey.house.bend_userinfo = lambda claims: claims.update(sub="x")
    address = journey.house.authorize(journey.leave())
    code = query_of(address)["code"]
    if end == "by a refused code":
        journey.house.codes.clear()
    answer = journey.come_back(address)
    pages = [answer.content.decode(), str(answer.headers)]
    pages += [journey.visitor.get(path).content.decode() for path in ("/calendar/", "/accounts/3rdparty/")]
    secrets = [code, CLIENT_SECRET, *journey.house.access_tokens, *journey.house.refresh_tokens]
    secrets += [request.form["code_verifier"] for request in journey.house.requests_to("/token")]
    assert_nowhere(secrets, caplog.text, everything_stored(), *pages)
    assert not SocialToken.objects.exists()


def test_state_is_not_kept_once_it_is_used(journey: Journey) -> None:
    address = journey.leave()
    journey.come_back(journey.house.authorize(address))
    asked = query_of(address)
    assert_nowhere([asked["state"], asked["nonce"]], everything_stored())


@pytest.mark.parametrize("path", ["", "/oauth2.0/token", "/oauth2.0/me", "/user/get_user_info"])
def test_qq_s_secrets_are_nowhere(qq: CannedQQ, visitor: Client, caplog: pytest.LogCaptureFixture, path: str) -> None:
    """A failing step is told to quote what it was sent."""
    caplog.set_level(logging.DEBUG)
    if path:
        sent = f"{ACCESS_TOKEN} {APP_KEY} {qq_journey.CODE}"
        qq.answer(path, f'{{"error":100013,"ret":-1,"error_description":"{sent}","msg":"{sent}"}}'.encode())
    answer = qq_journey.sign_in(visitor)
    pages = [answer.content.decode(), str(answer.headers), visitor.get("/accounts/3rdparty/").content.decode()]
    secrets = [ACCESS_TOKEN, REFRESH_TOKEN, APP_KEY, qq_journey.CODE]
    assert_nowhere(secrets, caplog.text, everything_stored(), *pages)


def test_admin_shows_neither_tokens_nor_session_keys(journey: Journey) -> None:
    journey.sign_in()
    root = browser()
    sign_in(root, factories.make_staff("root"))
    row, link = StoredToken.objects.get(), SessionLink.objects.get()
    for kind, key in (("storedtoken", row.pk), ("sessionlink", link.pk)):
        for address in (f"/admin/consumer_site/{kind}/", f"/admin/consumer_site/{kind}/{key}/change/"):
            answer = root.get(address)
            assert answer.status_code == 200
            assert_nowhere(
                [row.sealed, link.session_key, *journey.house.access_tokens, *journey.house.refresh_tokens],
                answer.content.decode(),
            )
        assert root.post(f"/admin/consumer_site/{kind}/{key}/change/", {"sealed": "x"}).status_code == 403


def test_error_page_in_debug_mode_tells_no_secret(journey: Journey, settings: Any) -> None:
    settings.DEBUG = True
    journey.house.bend_claims = lambda claims: claims.update(nonce="x")
    address = journey.house.authorize(journey.leave())
    page = journey.come_back(address).content.decode()
    assert "nonce" in page
    assert_nowhere([query_of(address)["code"], CLIENT_SECRET, *journey.house.access_tokens], page)


def test_page_after_the_callback_does_not_send_its_address_on(journey: Journey) -> None:
    answer = journey.sign_in(error="server_error")
    assert answer["Referrer-Policy"] == "same-origin"
    hrefs = re.findall(r'(?:href|src|action)="([^"]*)"', answer.content.decode())
    assert all(href.startswith(("/", "#")) and not href.startswith("//") for href in hrefs)
    assert not [href for href in hrefs if "state=" in href or "code=" in href]


class TestSealedRows:
    @pytest.fixture
    def two(self, journey: Journey, qq: CannedQQ) -> tuple[SocialAccount, SocialAccount]:
        journey.sign_in()
        journey.visitor.logout()
        qq_journey.sign_in(journey.visitor)
        return SocialAccount.objects.get(provider="house"), SocialAccount.objects.get(provider="qq")

    def test_row_moved_to_another_account_does_not_open(self, two: tuple[SocialAccount, SocialAccount]) -> None:
        mine, theirs = two
        StoredToken.objects.filter(account=mine).update(sealed=theirs.stored_token.sealed)
        with pytest.raises(vault.UnsealError):
            vault.load(account=mine)

    @pytest.mark.parametrize("change", [{"uid": "another"}, {"provider": "qq2"}])
    def test_account_that_becomes_another_does_not_open_its_row(
        self, two: tuple[SocialAccount, SocialAccount], change: dict[str, str]
    ) -> None:
        SocialAccount.objects.filter(pk=two[0].pk).update(**change)
        with pytest.raises(vault.UnsealError):
            vault.load(account=SocialAccount.objects.get(pk=two[0].pk))

    def test_rotation_keeps_rows_and_removal_closes_them(
        self, two: tuple[SocialAccount, SocialAccount], settings: Any
    ) -> None:
        old = settings.CONSUMER_SITE["KEY_RING"]
        new = ["a fresh secret of more than thirty-two characters"]
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": [*new, *old]}
        tokens = vault.load(account=two[0])
        assert tokens
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": new}
        with pytest.raises(vault.UnsealError):
            vault.load(account=two[0])
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": [*new, *old]}
        vault.save(account=two[0], tokens=tokens)
        settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "KEY_RING": new}
        assert vault.load(account=two[0]) == tokens

    @pytest.mark.parametrize(
        "damage", [lambda text: text[:-4] + "AAA=", lambda text: "", lambda text: text[:20] + text[40:]]
    )
    def test_damaged_row_does_not_open(self, two: tuple[SocialAccount, SocialAccount], damage: Any) -> None:
        StoredToken.objects.filter(account=two[0]).update(sealed=damage(two[0].stored_token.sealed))
        with pytest.raises(vault.UnsealError):
            vault.load(account=two[0])
