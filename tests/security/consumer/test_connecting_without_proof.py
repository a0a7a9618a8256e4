"""Sit at somebody's open session, or hold their cookie, and connect a sign-in of one's own: a way in for ever."""

import time
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from consumer_site.linking import claim
from tests import factories
from tests.consumer.canned_server import CannedProvider
from tests.consumer.journey import Journey, sign_in_as
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import ME, OPENID, CannedQQ, me
from tests.consumer.weixin_samples import INSIDE_APP_ID, INSIDE_OPENID
from tests.security.consumer import qq_journey

pytestmark = pytest.mark.django_db

ACCOUNTS = "/accounts/3rdparty/"
ANOTHER = "/accounts/3rdparty/another/"
CONNECT = {"process": "connect"}
THEIRS = OPENID[::-1]


@pytest.fixture
def owner(victim: Any) -> Any:
    """Return somebody who has the house alone to sign in with, as most people have one way here."""
    victim.set_unusable_password()
    victim.save()
    SocialAccount.objects.create(user=victim, provider="house", uid=SUBJECT)
    return victim


@pytest.fixture
def stolen(journey: Journey, owner: Any, qq: CannedQQ) -> Client:
    """Return a browser with the owner's session, who signed in long ago; at QQ the attacker is signed in."""
    sign_in_as(journey.visitor, owner)
    qq.answer(ME, me(openid=THEIRS))
    return journey.visitor


def uids_of(person: Any) -> set[str]:
    return set(SocialAccount.objects.filter(user=person).values_list("uid", flat=True))


def age(browser: Client, seconds: float) -> None:
    """Make all that the session knows of sign-ins, and of those under way, older."""
    session = browser.session
    for record in session.get("account_authentication_methods", []):
        record["at"] -= seconds
    for state in session.get("socialaccount_states", {}).values():
        if "started_at" in state[0]:
            state[0]["started_at"] -= seconds
    session.save()


def test_stolen_session_connects_nothing(stolen: Client, owner: Any) -> None:
    answer = qq_journey.sign_in(stolen, **CONNECT)
    assert (answer.status_code, answer["Location"]) == (302, ACCOUNTS)
    assert uids_of(owner) == {SUBJECT}
    assert "Nothing was connected" in stolen.get(ACCOUNTS).content.decode()


def test_what_the_thief_connects_is_no_proof_of_the_owner(stolen: Client, owner: Any) -> None:
    """Connected once, and signed in with once more, it would open every page that asks for a recent sign-in."""
    for _attempt in range(2):
        qq_journey.sign_in(stolen, **CONNECT)
    other = factories.make_user("attacker")
    SocialAccount.objects.create(user=other, provider="qq", uid="D" + THEIRS[1:])
    assert uids_of(owner) == {SUBJECT}
    assert "Sign in once more with one of these" in stolen.get(ACCOUNTS).content.decode()


def test_another_person_s_account_proves_nothing_either(stolen: Client, owner: Any, qq: CannedQQ) -> None:
    SocialAccount.objects.create(user=factories.make_user("attacker"), provider="qq", uid=THEIRS)
    assert qq_journey.sign_in(stolen, **CONNECT)["Location"] == ANOTHER
    qq.answer(ME, me(openid=OPENID))
    qq_journey.sign_in(stolen, **CONNECT)
    assert uids_of(owner) == {SUBJECT}


def test_owner_shows_who_they_are_by_their_only_way_in_and_connects(
    stolen: Client, journey: Journey, owner: Any
) -> None:
    page = stolen.get(ACCOUNTS).content.decode()
    assert 'action="/accounts/qq/login/"' not in page
    assert 'action="/accounts/house/login/"' in page
    assert journey.sign_in(form={**CONNECT, "next": ACCOUNTS})["Location"] == ACCOUNTS
    assert 'action="/accounts/qq/login/"' in stolen.get(ACCOUNTS).content.decode()
    qq_journey.sign_in(stolen, **CONNECT)
    assert uids_of(owner) == {SUBJECT, THEIRS}


def test_sign_in_of_a_moment_ago_is_proof_enough(journey: Journey, qq: CannedQQ) -> None:
    """Of any kind: also the one that made the account."""
    journey.sign_in()
    newcomer = SocialAccount.objects.get(uid=SUBJECT).user
    assert 'action="/accounts/qq/login/"' in journey.visitor.get(ACCOUNTS).content.decode()
    qq_journey.sign_in(journey.visitor, **CONNECT)
    assert uids_of(newcomer) == {SUBJECT, OPENID}


def test_password_is_a_proof_too(stolen: Client, owner: Any) -> None:
    owner.set_password(factories.PASSWORD)
    owner.save()
    sign_in_as(stolen, owner)  # the password's change ended the session
    assert "/accounts/reauthenticate/?next=/accounts/3rdparty/" in stolen.get(ACCOUNTS).content.decode()
    stolen.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    qq_journey.sign_in(stolen, **CONNECT)
    assert uids_of(owner) == {SUBJECT, THEIRS}


@pytest.mark.parametrize(
    ("at_the_start", "on_the_way", "connected"),
    [(0, 0, True), (claim.RECENT_SECONDS, 300, True), (3600, 0, False), (0, 3600, False), (-3600, 0, False)],
)
def test_proof_ages_and_so_does_a_connection_under_way(
    journey: Journey, qq: CannedQQ, at_the_start: int, on_the_way: int, connected: bool
) -> None:
    journey.sign_in()
    age(journey.visitor, at_the_start)
    state = qq_journey.leave(journey.visitor, **CONNECT)
    age(journey.visitor, on_the_way)
    qq_journey.come_back(journey.visitor, code=qq_journey.CODE, state=state)
    assert SocialAccount.objects.filter(uid=OPENID).exists() is connected


def test_state_without_a_note_of_its_beginning_counts_as_begun_now(journey: Journey, qq: CannedQQ) -> None:
    journey.sign_in()
    age(journey.visitor, 3600)
    state = qq_journey.leave(journey.visitor, **CONNECT)
    session = journey.visitor.session
    del session["socialaccount_states"][state][0]["started_at"]
    session.save()
    qq_journey.come_back(journey.visitor, code=qq_journey.CODE, state=state)
    assert not SocialAccount.objects.filter(uid=OPENID).exists()


def test_person_with_nothing_left_to_show_is_not_shut_out(stolen: Client, owner: Any) -> None:
    SocialApp.objects.filter(provider="house").delete()
    assert 'action="/accounts/qq/login/"' in stolen.get(ACCOUNTS).content.decode()
    qq_journey.sign_in(stolen, **CONNECT)
    assert uids_of(owner) == {SUBJECT, THEIRS}


def test_way_in_that_works_elsewhere_alone_says_where(stolen: Client, owner: Any, weixin: CannedProvider) -> None:
    data = {"appid": INSIDE_APP_ID, "nickname": "阿狸"}
    SocialAccount.objects.create(user=owner, provider="weixin", uid=INSIDE_OPENID, extra_data=data)
    page = stolen.get(ACCOUNTS).content.decode()
    assert "It works inside WeChat" in page
    assert 'action="/accounts/weixin/login/"' not in page


def test_record_of_another_person_in_the_session_proves_nothing(stolen: Client, owner: Any) -> None:
    session = stolen.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": time.time()}]
    session["account_authentication_methods_user"] = str(owner.pk + 1)
    session.save()
    qq_journey.sign_in(stolen, **CONNECT)
    assert uids_of(owner) == {SUBJECT}
