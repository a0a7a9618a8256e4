"""Whose sign-in it is, where QQ says it twice, and what QQ says it has lost."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from tests.consumer.connector_journey import is_signed_in, shown, sign_in, uids, visitor
from tests.consumer.qq_samples import (
    OPENID,
    PROFILE_PATH,
    TOKEN,
    CannedQQ,
    site,
    token,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def qq(server: CannedQQ, settings: Any, db: None) -> CannedQQ:
    site.speak_to(server, settings)
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
