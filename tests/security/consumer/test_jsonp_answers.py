"""Hide another person in QQ's JSONP: around it, behind it, in a nickname, in a field named twice."""

import json

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from consumer_site.connectors.qq import answers
from tests.consumer.journey import assert_error_page, is_signed_in
from tests.consumer.qq_samples import APP_ID, ME, OPENID, PROFILE_PATH, TOKEN, CannedQQ, me, profile
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db

VICTIMS = OPENID[::-1]
MINE = json.dumps({"client_id": APP_ID, "openid": OPENID})
THEIRS = json.dumps({"client_id": APP_ID, "openid": VICTIMS})


@pytest.mark.parametrize(
    "body",
    [
        f"callback( {MINE} ); callback( {THEIRS} );",
        f"callback( {MINE}, {THEIRS} );",
        f"callback( [{MINE}] );",
        f"callback( '{MINE}' );",
        f"callback( callback( {MINE} ) );",
        f"callback( {MINE} ); alert(1)",
        f"alert(1); callback( {MINE} );",
        f"callback( {MINE}",
        f"callback {MINE}",
        f"// {THEIRS}\ncallback( {MINE} );",
        f"<script>callback( {MINE} );</script>",
        f"{MINE}{THEIRS}",
        f"{MINE}\n{THEIRS}",
        f"callback( eval('{VICTIMS}') );",
        f"callback( {{client_id:'{APP_ID}',openid:'{VICTIMS}'}} );",
    ],
)
def test_answer_that_is_more_than_one_object_names_nobody(qq: CannedQQ, visitor: Client, body: str) -> None:
    qq.answer(ME, body.encode())
    assert_error_page(qq_journey.sign_in(visitor), 502)
    assert not is_signed_in(visitor)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        f'"}}); callback({THEIRS});',
        f"callback( {THEIRS} );",
        f"&openid={VICTIMS}&client_id={APP_ID}",
        f'","openid":"{VICTIMS}',
        "\u2028callback({})",
        "<!--",
    ],
)
def test_nickname_that_looks_like_an_answer_is_a_nickname(qq: CannedQQ, visitor: Client, text: str) -> None:
    qq.answer(PROFILE_PATH, profile(nickname=text))
    assert qq_journey.sign_in(visitor).status_code == 302
    assert SocialAccount.objects.get().uid == OPENID


def test_profile_s_own_openid_is_not_looked_at(qq: CannedQQ, visitor: Client) -> None:
    qq.answer(PROFILE_PATH, profile(openid=VICTIMS, client_id="999", unionid="U" * 32))
    qq_journey.sign_in(visitor)
    account = SocialAccount.objects.get()
    assert account.uid == OPENID
    assert "unionid" not in account.extra_data


@pytest.mark.parametrize("openid", [VICTIMS, "", None, [OPENID], OPENID.lower()])
def test_token_answer_that_names_somebody_else_signs_nobody_in(qq: CannedQQ, visitor: Client, openid: object) -> None:
    qq.answer(TOKEN, json.dumps({"access_token": "A" * 32, "expires_in": "7776000", "openid": openid}).encode())
    assert_error_page(qq_journey.sign_in(visitor), 502)
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    "body",
    [
        b'callback( {"error":100016,"error_description":"access token check failed","client_id":"%s","openid":"%s"} );',
        b'{"code":100016,"msg":"access token check failed","client_id":"%s","openid":"%s"}',
        b'{"ret":-22,"msg":"openid is invalid","client_id":"%s","openid":"%s"}',
        b'{"error":"100016","client_id":"%s","openid":"%s"}',
        b'{"error":true,"client_id":"%s","openid":"%s"}',
        b"error=100016&client_id=%s&openid=%s",
    ],
)
def test_answer_that_reports_an_error_names_nobody_whatever_else_it_says(
    qq: CannedQQ, visitor: Client, body: bytes
) -> None:
    qq.answer(ME, body % (APP_ID.encode(), OPENID.encode()))
    answer = qq_journey.sign_in(visitor)
    assert answer.status_code in {400, 403, 502, 503}
    assert not is_signed_in(visitor)


def test_answer_is_read_and_never_run(qq: CannedQQ, visitor: Client) -> None:
    assert answers.parse(b"__import__( {} );") == {}
    qq.answer(ME, me(openid="__import__('os').system('id')"))
    assert_error_page(qq_journey.sign_in(visitor), 502)
