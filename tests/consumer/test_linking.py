"""Give a sign-in that belongs to another account a way out, to whoever has proven both."""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.test import Client

from consumer_site import vault
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.linking import claim
from consumer_site.linking.policy import Facts, Obstacle, obstacle_to_merging, obstacle_to_moving
from consumer_site.models import CalendarEvent
from consumer_site.signals import people_merged
from tests.consumer.journey import HOST, Journey, is_signed_in, sign_in_as
from tests.consumer.openid_provider import SUBJECT

PAGE = "/accounts/3rdparty/another/"
ACCOUNTS = "/accounts/3rdparty/"
MINE = "my-own-subject"
DAY = dt.date(2026, 11, 22)


@pytest.fixture
def person(journey: Journey) -> Any:
    """Return who is signed in, with an account of their own at the provider."""
    made = get_user_model().objects.create_user("person")
    SocialAccount.objects.create(user=made, provider="house", uid=MINE, extra_data={"nickname": "Mine"})
    sign_in_as(journey.visitor, made)
    return made


@pytest.fixture
def other(db: None) -> Any:
    """Return the owner of the account that the person will try to connect: theirs too, with an entry."""
    made = get_user_model().objects.create_user("other")
    made.set_unusable_password()
    made.save()
    SocialAccount.objects.create(user=made, provider="house", uid=SUBJECT)
    CalendarEvent.objects.create(user=made, title="浪花 🌊", day=DAY)
    return made


def connect(journey: Journey, subject: str = SUBJECT) -> Any:
    journey.house.userinfo["sub"] = subject
    return journey.sign_in(form={"process": "connect"})


def prove_both(journey: Journey) -> None:
    connect(journey)
    connect(journey, MINE)


def choose(journey: Journey, choice: str) -> Any:
    """Press a button of the page as it is now; where it has none, say the same."""
    page = journey.visitor.get(PAGE)
    return journey.visitor.post(PAGE, {"choice": choice, "shown": (page.context or {}).get("shown", "")})


def owners() -> dict[str, str]:
    return {account.uid: account.user.username for account in SocialAccount.objects.select_related("user")}


def test_account_of_another_is_a_choice_and_nothing_has_changed(journey: Journey, person: Any, other: Any) -> None:
    assert connect(journey)["Location"] == PAGE
    connect(journey, MINE)
    page = journey.visitor.get(PAGE)
    text = page.content.decode()
    assert page.status_code == 200
    assert "1 entry in its calendar" in text
    assert 'value="merge"' in text
    assert owners() == {SUBJECT: "other", MINE: "person"}


def test_merging_brings_everything_here_and_closes_the_other(journey: Journey, person: Any, other: Any) -> None:
    SocialAccount.objects.create(user=other, provider="qq", uid="OPENID", extra_data={"nickname": "阿狸"})
    EmailAddress.objects.create(user=other, email="ada@example.com", verified=True, primary=True)
    EmailAddress.objects.create(user=other, email="unproven@example.com", verified=False)
    elsewhere = Client(headers={"host": HOST})
    sign_in_as(elsewhere, other)
    prove_both(journey)
    assert "阿狸" in journey.visitor.get(PAGE).content.decode()
    response = choose(journey, "merge")
    assert (response.status_code, response["Location"]) == (303, ACCOUNTS)
    assert set(owners().values()) == {"person"}
    assert CalendarEvent.objects.get().user == person
    assert [(row.user, row.email, row.verified) for row in EmailAddress.objects.all()] == [
        (person, "ada@example.com", True)
    ]
    other.refresh_from_db()
    assert not other.is_active
    assert elsewhere.get("/calendar/").status_code == 302
    assert "阿狸" in journey.visitor.get(ACCOUNTS).content.decode()
    assert choose(journey, "merge")["Location"] == ACCOUNTS  # the claim is used up


def test_tokens_of_a_moved_account_still_open(journey: Journey, person: Any, other: Any) -> None:
    prove_both(journey)
    choose(journey, "merge")
    account = SocialAccount.objects.get(uid=SUBJECT)
    assert account.user == person
    tokens = vault.load(account=account)
    assert tokens is not None
    assert tokens.access_token


def test_moving_takes_the_one_sign_in_alone(journey: Journey, person: Any, other: Any) -> None:
    SocialAccount.objects.create(user=other, provider="qq", uid="OPENID")
    prove_both(journey)
    assert choose(journey, "move").status_code == 303
    assert owners() == {SUBJECT: "person", MINE: "person", "OPENID": "other"}
    assert CalendarEvent.objects.get().user == other
    other.refresh_from_db()
    assert other.is_active


def test_last_way_in_does_not_move_alone(journey: Journey, person: Any, other: Any) -> None:
    prove_both(journey)
    assert 'value="move"' not in journey.visitor.get(PAGE).content.decode()
    assert choose(journey, "move").status_code == 409
    assert owners()[SUBJECT] == "other"


def make_staff(user: Any) -> None:
    user.is_staff = True
    user.save()


def close(user: Any) -> None:
    user.is_active = False
    user.save()


def add_second_factor(user: Any) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})


def set_password(user: Any) -> None:
    user.set_password("a password of its own")
    user.save()


@pytest.mark.parametrize(
    ("change", "choices"),
    [(make_staff, set()), (close, set()), (add_second_factor, set()), (set_password, {"move"})],
)
def test_what_needs_more_than_this_sign_in_is_not_taken(
    journey: Journey, person: Any, other: Any, change: Any, choices: set[str]
) -> None:
    SocialAccount.objects.create(user=other, provider="qq", uid="OPENID")
    change(other)
    prove_both(journey)
    text = journey.visitor.get(PAGE).content.decode()
    assert {choice for choice in ("merge", "move") if f'value="{choice}"' in text} == choices
    for choice in {"merge", "move"} - choices:
        assert choose(journey, choice).status_code == 409
    assert owners()[SUBJECT] == "other"
    assert CalendarEvent.objects.get().user == other


def test_second_factor_keeps_what_the_account_holds_to_itself(journey: Journey, person: Any, other: Any) -> None:
    SocialAccount.objects.create(user=other, provider="qq", uid="OPENID", extra_data={"nickname": "秘密"})
    add_second_factor(other)
    prove_both(journey)
    text = journey.visitor.get(PAGE).content.decode()
    assert "秘密" not in text
    assert "1 entry" not in text


def test_open_session_alone_is_no_proof_of_this_account(journey: Journey, person: Any, other: Any) -> None:
    connect(journey)
    text = journey.visitor.get(PAGE).content.decode()
    assert 'value="merge"' not in text
    assert "First show that this account is yours too" in text
    assert choose(journey, "merge").status_code == 422
    assert owners()[SUBJECT] == "other"
    connect(journey, MINE)
    assert choose(journey, "merge").status_code == 303


def test_proof_of_this_account_ages(journey: Journey, person: Any, other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prove_both(journey)
    later = time.time() + claim.RECENT_SECONDS + 1
    monkeypatch.setattr("consumer_site.linking.claim.time.time", lambda: later)
    assert choose(journey, "merge").status_code == 422
    much_later = time.time() + claim.LIFETIME_SECONDS + 1
    monkeypatch.setattr("consumer_site.linking.claim.time.time", lambda: much_later)
    assert journey.visitor.get(PAGE)["Location"] == ACCOUNTS


def test_nobody_has_a_choice_without_having_signed_in_with_the_account(
    journey: Journey, person: Any, other: Any
) -> None:
    connect(journey, MINE)
    assert journey.visitor.get(PAGE)["Location"] == ACCOUNTS
    assert choose(journey, "merge")["Location"] == ACCOUNTS
    assert owners()[SUBJECT] == "other"


def test_claim_is_the_person_s_who_made_it(journey: Journey, person: Any, other: Any) -> None:
    prove_both(journey)
    kept = journey.visitor.session[claim.KEY]
    third = get_user_model().objects.create_user("third")
    sign_in_as(journey.visitor, third)
    session = journey.visitor.session
    session[claim.KEY] = kept
    session.save()
    assert journey.visitor.get(PAGE)["Location"] == ACCOUNTS


def test_account_that_changed_hands_meanwhile_is_left(journey: Journey, person: Any, other: Any) -> None:
    prove_both(journey)
    third = get_user_model().objects.create_user("third")
    SocialAccount.objects.filter(uid=SUBJECT).update(user=third)
    make_staff(third)
    assert choose(journey, "merge").status_code == 409
    assert owners()[SUBJECT] == "third"


@pytest.fixture
def refusing_receiver() -> Iterator[list[Any]]:
    """Keep what a project would do with people who merge, and fail at it."""
    told: list[Any] = []

    def receive(sender: Any, *, source: Any, target: Any, **kwargs: Any) -> None:
        told.append((source.username, target.username))
        raise RuntimeError("the project can't move its own rows")

    people_merged.connect(receive)
    yield told
    people_merged.disconnect(receive)


def test_project_that_can_not_follow_undoes_the_merge(
    journey: Journey, person: Any, other: Any, refusing_receiver: list[Any]
) -> None:
    prove_both(journey)
    with pytest.raises(RuntimeError, match="its own rows"):
        choose(journey, "merge")
    assert refusing_receiver == [("other", "person")]
    assert owners()[SUBJECT] == "other"
    other.refresh_from_db()
    assert other.is_active


def test_project_s_adapter_may_refuse(journey: Journey, person: Any, other: Any, settings: Any) -> None:
    settings.SOCIALACCOUNT_ADAPTER = "tests.consumer.test_linking.Careful"
    prove_both(journey)
    assert choose(journey, "merge").status_code == 409
    assert owners()[SUBJECT] == "other"


class Careful(SocialAccountAdapter):
    """The adapter of a project that keeps for its users what must not change hands."""

    def may_merge(self, *, source: Any, target: Any) -> bool:
        return False


def test_opening_the_other_account_instead_signs_in_there(journey: Journey, person: Any, other: Any) -> None:
    prove_both(journey)
    journey.house.userinfo["sub"] = SUBJECT
    journey.sign_in(form={"process": "login"})
    assert journey.visitor.session["_auth_user_id"] == str(other.pk)
    assert is_signed_in(journey.visitor)
    assert journey.visitor.get(PAGE)["Location"] == ACCOUNTS


OPEN = Facts(active=True, privileged=False, second_factor=False, password=False, other_accounts=1, site_allows=True)


@pytest.mark.parametrize(
    ("changes", "moving", "merging"),
    [
        ({}, None, None),
        ({"active": False, "privileged": True}, Obstacle.CLOSED, Obstacle.CLOSED),
        ({"privileged": True}, Obstacle.PROTECTED, Obstacle.PROTECTED),
        ({"second_factor": True}, Obstacle.PROTECTED, Obstacle.PROTECTED),
        ({"other_accounts": 0}, Obstacle.LAST_WAY_IN, None),
        ({"other_accounts": 0, "password": True}, None, Obstacle.PASSWORD),
        ({"site_allows": False}, None, Obstacle.REFUSED_BY_SITE),
    ],
)
def test_each_obstacle_has_its_name(changes: dict[str, Any], moving: Obstacle | None, merging: Obstacle | None) -> None:
    facts = dataclasses.replace(OPEN, **changes)
    assert (obstacle_to_moving(facts), obstacle_to_merging(facts)) == (moving, merging)
