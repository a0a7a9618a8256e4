"""Be, at one entrance of WeChat, the openid or the unionid of somebody who came by the other one."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.test import Client

from tests.consumer import connector_journey
from tests.consumer.canned_server import CannedProvider
from tests.consumer.connector_journey import is_signed_in
from tests.consumer.journey import assert_error_page, sign_in_as
from tests.consumer.weixin_samples import APP_ID, INSIDE_OPENID, OPENID, PROFILE_PATH, TOKEN, UNIONID, profile, token
from tests.consumer.weixin_samples.site import INSIDE, answer_as

pytestmark = pytest.mark.django_db

ATTACKERS = "oZ9yX8wV7uT6-sR_qPoNmLkJiHgF"


def come_in(weixin: CannedProvider, openid: str, unionid: str | None, *, inside: bool = False) -> Client:
    """Sign in as this person of WeChat's; return the browser."""
    answer_as(weixin, openid, unionid)
    browser = connector_journey.visitor(**({"User-Agent": INSIDE[0]} if inside else {}))
    connector_journey.sign_in(browser, "weixin")
    return browser


def user_of(browser: Client) -> str:
    return str(browser.session.get("_auth_user_id"))


def test_openid_of_the_other_entrance_is_not_taken_for_the_same_person(weixin: CannedProvider) -> None:
    """An openid means nothing but at its own app: whoever runs another one may hand out the same."""
    owner = come_in(weixin, OPENID, UNIONID)
    answer_as(weixin, OPENID, UNIONID[::-1])
    browser = connector_journey.visitor(**{"User-Agent": INSIDE[0]})
    assert_error_page(connector_journey.sign_in(browser, "weixin"), 409)
    assert not is_signed_in(browser)
    assert is_signed_in(owner)


@pytest.mark.parametrize("unionid", [None, UNIONID[::-1], UNIONID.lower(), UNIONID + " ", "0" * 28, OPENID])
def test_only_the_very_unionid_joins(weixin: CannedProvider, unionid: str | None) -> None:
    owner = come_in(weixin, OPENID, UNIONID)
    attacker = come_in(weixin, ATTACKERS, unionid, inside=True)
    assert user_of(attacker) != user_of(owner)


def test_second_openid_of_the_same_entrance_does_not_join_by_a_unionid(weixin: CannedProvider) -> None:
    """One app gives one person one openid: two beside one unionid are a constant that everybody would share."""
    owner = come_in(weixin, OPENID, UNIONID)
    attacker = come_in(weixin, ATTACKERS, UNIONID)
    assert user_of(attacker) != user_of(owner)


def test_unionid_of_another_service_joins_nobody(weixin: CannedProvider, victim: Any) -> None:
    data = {"unionid": UNIONID, "appid": "101"}
    SocialAccount.objects.create(user=victim, provider="qq", uid="A1" * 16, extra_data=data)
    assert user_of(come_in(weixin, ATTACKERS, UNIONID)) != str(victim.pk)


def test_unionid_that_is_somebody_s_openid_joins_nobody(weixin: CannedProvider) -> None:
    owner = come_in(weixin, OPENID, UNIONID)
    assert user_of(come_in(weixin, ATTACKERS, OPENID, inside=True)) != user_of(owner)


def test_connecting_joins_nobody_else(weixin: CannedProvider, victim: Any) -> None:
    owner = come_in(weixin, OPENID, UNIONID)
    browser = connector_journey.visitor(**{"User-Agent": INSIDE[0]})
    sign_in_as(browser, victim, recently=True)
    answer_as(weixin, INSIDE_OPENID, UNIONID)
    connector_journey.sign_in(browser, "weixin", process="connect")
    assert SocialAccount.objects.get(uid=INSIDE_OPENID).user == victim
    assert str(SocialAccount.objects.get(uid=OPENID).user_id) == user_of(owner)


def test_person_who_was_barred_does_not_come_back_by_the_other_entrance(weixin: CannedProvider) -> None:
    come_in(weixin, OPENID, UNIONID)
    get_user_model().objects.update(is_active=False)
    assert not is_signed_in(come_in(weixin, INSIDE_OPENID, UNIONID, inside=True))
    assert get_user_model().objects.filter(is_active=True).count() == 0


@pytest.mark.parametrize("named", [None, ATTACKERS, "", OPENID.lower()])
def test_profile_of_somebody_else_signs_nobody_in(weixin: CannedProvider, named: str | None) -> None:
    weixin.answer(PROFILE_PATH, profile(openid=named))
    browser = connector_journey.visitor()
    assert_error_page(connector_journey.sign_in(browser, "weixin"), 502)
    assert not is_signed_in(browser)


def test_two_answers_that_name_different_unionids_sign_nobody_in(weixin: CannedProvider) -> None:
    weixin.answer(TOKEN, token(unionid=UNIONID[::-1]))
    browser = connector_journey.visitor()
    assert_error_page(connector_journey.sign_in(browser, "weixin"), 502)
    assert not is_signed_in(browser)


@pytest.mark.parametrize("marked", [1, "1", True])
def test_made_up_person_of_a_snapshot_page_is_nobody(weixin: CannedProvider, marked: object) -> None:
    weixin.answer(TOKEN, token(is_snapshotuser=marked))
    browser = connector_journey.visitor()
    connector_journey.sign_in(browser, "weixin")
    assert not is_signed_in(browser)
    assert not SocialAccount.objects.exists()


def test_code_of_one_entrance_is_redeemed_with_its_own_app(weixin: CannedProvider) -> None:
    """The browser's name, which anybody chooses, does not turn a sign-in over to the other app on the way back."""
    browser = connector_journey.visitor()
    state = connector_journey.begin(browser, "/accounts/weixin/login/")[1]["state"][0]
    query = {"code": connector_journey.CODE, "state": state}
    browser.get("/accounts/weixin/login/callback/", query, headers={"User-Agent": INSIDE[0]})
    (asked,) = weixin.asked_at(TOKEN)
    assert asked["appid"] == [APP_ID]
