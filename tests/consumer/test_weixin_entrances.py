"""Website and in-WeChat sign-in side by side: one button, two apps, and one user for one person."""

import json
from typing import Any

import pytest
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client
from django.utils.translation import override
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from consumer_site.models import StoredToken
from tests.consumer import connector_journey
from tests.consumer.connector_journey import CODE, is_signed_in, shown, visitor
from tests.consumer.journey import sign_in_as
from tests.consumer.weixin_samples import (
    APP_ID,
    AUTHORIZE_PATHS,
    INSIDE_APP_ID,
    INSIDE_OPENID,
    INSIDE_SECRET,
    OPENID,
    PROFILE_PATH,
    TOKEN,
    UNIONID,
    CannedProvider,
    profile,
    site,
    token,
)
from tests.consumer.weixin_samples.site import INSIDE, OUTSIDE

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/weixin/login/"
AGAIN = "> Sign in again<"


@pytest.fixture
def weixin(server: CannedProvider, settings: Any, db: None) -> CannedProvider:
    site.speak_to(server, settings)
    site.add_website_app()
    site.add_inside_app()
    return server


def phone() -> Client:
    return visitor(**{"User-Agent": INSIDE[0]})


def sign_in(client: Client, **form: str) -> HttpResponse:
    return connector_journey.sign_in(client, "weixin", **form)


def user_of(client: Client) -> str:
    return str(client.session["_auth_user_id"])


def users() -> int:
    return int(get_user_model().objects.filter(socialaccount__provider="weixin").distinct().count())


def sign_in_outside(weixin: CannedProvider, *, openid: str = OPENID, unionid: str | None = UNIONID) -> Client:
    site.answer_as(weixin, openid, unionid)
    client = visitor()
    sign_in(client)
    return client


def sign_in_inside(weixin: CannedProvider, *, openid: str = INSIDE_OPENID, unionid: str | None = UNIONID) -> Client:
    site.answer_as(weixin, openid, unionid)
    client = phone()
    sign_in(client)
    return client


# --- Which app -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", INSIDE)
def test_wechats_own_browser_gets_the_question_without_a_qr_code(weixin: CannedProvider, agent: str) -> None:
    client = visitor(**{"User-Agent": agent})
    address, sent = connector_journey.begin(client, LOGIN)
    assert address == f"{weixin.base_url}{AUTHORIZE_PATHS['inside']}"
    assert (sent["appid"], sent["scope"]) == ([INSIDE_APP_ID], ["snsapi_userinfo"])
    assert "lang" not in sent


@pytest.mark.parametrize("agent", OUTSIDE)
def test_other_browsers_get_the_qr_code(weixin: CannedProvider, agent: str) -> None:
    client = visitor(**{"User-Agent": agent})
    address, sent = connector_journey.begin(client, LOGIN)
    assert address == f"{weixin.base_url}{AUTHORIZE_PATHS['website']}"
    assert (sent["appid"], sent["scope"]) == ([APP_ID], ["snsapi_login"])


def test_code_goes_back_with_the_app_that_asked_for_it(weixin: CannedProvider) -> None:
    site.answer_as(weixin, INSIDE_OPENID)
    client = phone()
    state = connector_journey.begin(client, LOGIN)[1]["state"][0]
    # Some of WeChat's versions come back by another view of the page, with another name of the browser.
    response = client.get(f"{LOGIN}callback/", {"code": CODE, "state": state}, headers={"User-Agent": OUTSIDE[0]})
    assert response.status_code == 302
    (asked,) = weixin.asked_at(TOKEN)
    assert (asked["appid"], asked["secret"]) == ([INSIDE_APP_ID], [INSIDE_SECRET])
    assert SocialAccount.objects.get(uid=INSIDE_OPENID).extra_data["appid"] == INSIDE_APP_ID


@pytest.mark.parametrize("agent", [INSIDE[0], OUTSIDE[0]])
def test_both_apps_have_one_button(weixin: CannedProvider, agent: str) -> None:
    page = visitor(**{"User-Agent": agent}).get("/accounts/login/")
    assert shown(page).count(f'action="{LOGIN}') == 1
    assert "an emulator of WeChat" in shown(page)


def test_account_of_either_app_has_its_provider(weixin: CannedProvider) -> None:
    for client in (sign_in_outside(weixin), sign_in_inside(weixin)):
        assert is_signed_in(client)
    for account in SocialAccount.objects.filter(provider="weixin"):
        assert str(account.get_provider_account()) == "张三🐼"
        assert str(account.get_provider()) == "WeChat"
        with override("zh-hans"):
            assert isinstance(str(account.get_provider()), str)


def test_site_with_the_inside_app_alone_sends_other_browsers_to_wechat(weixin: CannedProvider) -> None:
    SocialApp.objects.filter(client_id=APP_ID).delete()
    # The button is there all the same: nobody can tell beforehand where the page will be opened next.
    assert shown(visitor().get("/accounts/login/")).count(f'action="{LOGIN}') == 1
    response = visitor().post(LOGIN)
    assert response.status_code == 400
    assert "works only inside the WeChat app" in shown(response)
    assert is_signed_in(sign_in_inside(weixin))


def test_site_with_the_website_app_alone_uses_it_in_wechat_too(weixin: CannedProvider) -> None:
    SocialApp.objects.filter(client_id=INSIDE_APP_ID).delete()
    assert connector_journey.begin(phone(), LOGIN)[1]["appid"] == [APP_ID]


def test_setting_of_allauths_connector_still_means_inside(weixin: CannedProvider, settings: Any) -> None:
    SocialApp.objects.filter(client_id=INSIDE_APP_ID).delete()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "weixin": {"AUTHORIZE_URL": "https://open.weixin.qq.com/connect/oauth2/authorize", "SCOPE": ["snsapi_base"]}
    }
    address, sent = connector_journey.begin(phone(), LOGIN)
    assert address.endswith(AUTHORIZE_PATHS["inside"])
    assert sent["scope"] == ["snsapi_userinfo"]


def test_app_that_is_gone_when_the_person_comes_back_is_a_page(weixin: CannedProvider) -> None:
    client = phone()
    state = connector_journey.begin(client, LOGIN)[1]["state"][0]
    SocialApp.objects.filter(client_id=INSIDE_APP_ID).delete()
    response = connector_journey.come_back(client, "weixin", code=CODE, state=state)
    assert response.status_code == 503
    assert not weixin.asked


# --- One person, two openids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside_first", [True, False])
def test_two_entrances_of_one_unionid_are_one_user(weixin: CannedProvider, inside_first: bool) -> None:
    steps = [sign_in_outside, sign_in_inside]
    first, second = (step(weixin) for step in (reversed(steps) if inside_first else steps))
    assert user_of(first) == user_of(second)
    assert connector_journey.uids("weixin") == sorted([OPENID, INSIDE_OPENID])
    # Each goes on by its own openid, also when WeChat gives no unionid any more.
    assert user_of(sign_in_inside(weixin, unionid=None)) == user_of(first)
    assert user_of(sign_in_outside(weixin, unionid=None)) == user_of(first)
    assert users() == 1


def test_account_of_allauths_connector_is_joined_by_what_it_stored(weixin: CannedProvider) -> None:
    user = get_user_model().objects.create_user("older")
    SocialAccount.objects.create(user=user, provider="weixin", uid=OPENID, extra_data={"unionid": UNIONID, "sex": 1})
    assert user_of(sign_in_inside(weixin)) == str(user.pk)


@pytest.mark.parametrize(("known", "sent"), [(None, UNIONID), (UNIONID, None), (UNIONID, UNIONID[::-1]), (None, None)])
def test_without_the_same_unionid_there_are_two_users(
    weixin: CannedProvider, known: str | None, sent: str | None
) -> None:
    assert user_of(sign_in_outside(weixin, unionid=known)) != user_of(sign_in_inside(weixin, unionid=sent))


@pytest.mark.parametrize("doubtful", ["", "0" * 28, "undefined", "short", 7, True, ["o6_bmasdasdsad6_2sgVt7hMZOPfL"]])
def test_unionid_that_could_be_anybodys_joins_nobody(weixin: CannedProvider, doubtful: object) -> None:
    for openid in (OPENID, INSIDE_OPENID):
        weixin.answer(TOKEN, token(openid=openid, unionid=doubtful))
        weixin.answer(PROFILE_PATH, profile(openid=openid, unionid=doubtful))
        sign_in(visitor() if openid == OPENID else phone())
    assert users() == 2
    assert not SocialAccount.objects.filter(extra_data__has_key="unionid").exists()


def test_second_openid_of_one_app_with_the_same_unionid_is_another_person(weixin: CannedProvider) -> None:
    # A constant in the unionid's place must not make one user of everybody.
    first = sign_in_outside(weixin)
    second = sign_in_outside(weixin, openid=OPENID[::-1])
    third = sign_in_inside(weixin)
    assert len({user_of(first), user_of(second), user_of(third)}) == 3


def test_unionid_that_two_users_have_is_left_alone(weixin: CannedProvider) -> None:
    for name in ("one", "two"):
        user = get_user_model().objects.create_user(name)
        SocialAccount.objects.create(
            user=user, provider="weixin", uid=f"{name}-{OPENID}", extra_data={"unionid": UNIONID, "appid": "wx-old"}
        )
    assert is_signed_in(sign_in_outside(weixin))
    assert users() == 3


def test_unionid_of_another_connectors_account_joins_nobody(weixin: CannedProvider) -> None:
    user = get_user_model().objects.create_user("penguin")
    SocialAccount.objects.create(user=user, provider="qq", uid="x", extra_data={"unionid": UNIONID, "appid": "1"})
    assert user_of(sign_in_outside(weixin)) != str(user.pk)


def test_joined_user_who_is_barred_stays_out(weixin: CannedProvider) -> None:
    sign_in_outside(weixin)
    get_user_model().objects.update(is_active=False)
    client = sign_in_inside(weixin)
    assert not is_signed_in(client)
    assert users() == 1


def test_connecting_goes_to_whoever_is_signed_in_and_joins_nobody_else(weixin: CannedProvider) -> None:
    owner = user_of(sign_in_outside(weixin))
    other = get_user_model().objects.create_user("other")
    client = phone()
    sign_in_as(client, other)
    site.answer_as(weixin, INSIDE_OPENID)
    sign_in(client, process="connect")
    assert SocialAccount.objects.get(uid=INSIDE_OPENID).user_id == other.pk
    assert str(SocialAccount.objects.get(uid=OPENID).user_id) == owner


def test_pending_and_stored_providers_are_found_by_their_client_id(weixin: CannedProvider) -> None:
    for client_id in (APP_ID, INSIDE_APP_ID):
        provider = get_adapter().get_provider(None, provider="weixin", client_id=client_id)
        assert provider.app.client_id == client_id


@pytest.mark.parametrize("path", [TOKEN, PROFILE_PATH])
@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_answer_never_makes_one_user_of_two_people(
    weixin: CannedProvider, path: str, data: st.DataObject
) -> None:
    get_user_model().objects.all().delete()
    first = sign_in_outside(weixin)
    theirs = {"openid": INSIDE_OPENID, "unionid": UNIONID[::-1]}
    site.answer_as(weixin, **theirs)
    fields = {TOKEN: json.loads(token(**theirs)), PROFILE_PATH: json.loads(profile(**theirs))}[path]
    for name in data.draw(st.sets(st.sampled_from(["openid", "unionid", "nickname", "errcode", "scope"]))):
        fields[name] = data.draw(st.sampled_from([UNIONID, OPENID, "", None, 0, True, "0" * 28]) | st.text(max_size=9))
    weixin.answer(path, json.dumps(fields).encode())
    client = phone()
    assert sign_in(client).status_code != 500
    if is_signed_in(client):
        assert user_of(client) != user_of(first)
        assert users() == 2


# --- Once the tokens have ended --------------------------------------------------------------------------------------


def test_account_that_has_to_sign_in_again_says_where_it_can(weixin: CannedProvider) -> None:
    """The button of the other entrance would renew the other account, and leave this one as it is."""
    client, inside = sign_in_outside(weixin), sign_in_inside(weixin)
    assert user_of(client) == user_of(inside)
    hints = {"snsapi_login": "It works outside WeChat", "snsapi_userinfo": "It works inside WeChat"}
    for scope, renewing, other in (("snsapi_login", client, inside), ("snsapi_userinfo", inside, client)):
        assert StoredToken.objects.filter(scope=scope).update(needs_sign_in=True) == 1
        here, there = accounts_page(renewing), accounts_page(other)
        assert AGAIN in here
        assert hints[scope] not in here
        assert hints[scope] in there
        assert AGAIN not in there
        StoredToken.objects.update(needs_sign_in=False)
    assert "please sign in with it again" not in accounts_page(client)


def test_account_of_a_lone_entrance_signs_in_again_where_it_can(weixin: CannedProvider) -> None:
    client = sign_in_inside(weixin)
    SocialApp.objects.filter(client_id=APP_ID).delete()
    StoredToken.objects.update(needs_sign_in=True)
    assert AGAIN in accounts_page(client)
    client.defaults["HTTP_USER_AGENT"] = OUTSIDE[0]
    assert "It works inside WeChat" in accounts_page(client)
    SocialApp.objects.filter(client_id=INSIDE_APP_ID).delete()
    assert "please sign in with it again" in accounts_page(client)


def accounts_page(client: Client) -> str:
    return " ".join(shown(client.get("/accounts/3rdparty/")).split())
