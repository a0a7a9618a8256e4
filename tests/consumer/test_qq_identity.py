"""Whose sign-in it is, where QQ says it twice, and what QQ says it has lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp

from tests.consumer.connector_journey import is_signed_in, shown, sign_in, uids, visitor
from tests.consumer.qq_samples import (
    APP_ID,
    APP_KEY,
    ME,
    OPENID,
    PROFILE_PATH,
    TOKEN,
    CannedQQ,
    me_jsonp,
    profile,
    serve,
    token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[CannedQQ]:
    with serve() as running:
        yield running


@pytest.fixture
def qq(server: CannedQQ, settings: Any, db: None) -> CannedQQ:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "ALLOW_LOOPBACK_HTTP": True,
        "QQ_BASE_URLS": {APP_ID: server.base_url},
    }
    SocialApp.objects.filter(provider="qq").delete()
    SocialApp.objects.create(provider="qq", name="QQ", client_id=APP_ID, secret=APP_KEY)
    server.answers.clear()
    server.asked.clear()
    server.answer(TOKEN, token())
    server.answer(ME, me_jsonp())
    server.answer(PROFILE_PATH, profile())
    return server


def test_token_answer_that_names_another_openid_signs_nobody_in(qq: CannedQQ) -> None:
    qq.answer(TOKEN, token(openid=OPENID))
    sign_in(visitor(), "qq")
    assert uids("qq") == [OPENID]
    for other in (OPENID[::-1], "", None, 7):
        qq.answer(TOKEN, token(openid=other))
        client = visitor()
        response = sign_in(client, "qq")
        assert response.status_code == 502
        assert "did not say which account is yours" in shown(response)
        assert not is_signed_in(client)
    assert uids("qq") == [OPENID]


def test_profile_that_qq_lost_in_part_erases_nothing(qq: CannedQQ) -> None:
    sign_in(visitor(), "qq")
    kept = SocialAccount.objects.get(provider="qq").extra_data
    qq.answer(PROFILE_PATH, b'{"ret":0,"msg":"","is_lost":1,"nickname":""}')
    sign_in(visitor(), "qq")
    assert SocialAccount.objects.get(provider="qq").extra_data == kept
    qq.answer(PROFILE_PATH, b'{"ret":0,"msg":"","is_lost":0,"nickname":""}')
    sign_in(visitor(), "qq")
    assert SocialAccount.objects.get(provider="qq").extra_data == {"nickname": "", "avatar": ""}
