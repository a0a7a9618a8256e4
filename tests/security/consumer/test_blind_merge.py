"""Have somebody pour another account into theirs than the page in front of them says."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount

from tests import factories
from tests.consumer.journey import Journey, sign_in_as
from tests.consumer.openid_provider import SUBJECT

PAGE = "/accounts/3rdparty/another/"
MINE, SECOND = "my-own-subject", "second-subject"


def person_with(name: str, *subjects: str) -> Any:
    made = factories.make_user(name)
    made.set_unusable_password()
    made.save()
    for subject in subjects:
        SocialAccount.objects.create(user=made, provider="house", uid=subject)
    return made


def connect(journey: Journey, subject: str) -> None:
    journey.house.userinfo["sub"] = subject
    journey.sign_in(form={"process": "connect"})


@pytest.fixture
def page(journey: Journey) -> Any:
    """Return the page that somebody looks at who has proven both their accounts."""
    sign_in_as(journey.visitor, person_with("person", MINE))
    person_with("other", SUBJECT, "other-second-way")
    connect(journey, SUBJECT)
    connect(journey, MINE)
    return journey.visitor.get(PAGE)


def owners() -> dict[str, str]:
    return {account.uid: account.user.username for account in SocialAccount.objects.select_related("user")}


def press(journey: Journey, page: Any, choice: str) -> Any:
    return journey.visitor.post(PAGE, {"choice": choice, "shown": page.context["shown"]})


@pytest.mark.parametrize("choice", ["merge", "move"])
def test_what_the_page_says_is_done(journey: Journey, page: Any, choice: str) -> None:
    assert press(journey, page, choice).status_code == 303
    assert owners()[SUBJECT] == "person"


@pytest.mark.parametrize("choice", ["merge", "move"])
def test_button_of_one_account_does_nothing_to_the_one_claimed_since(journey: Journey, page: Any, choice: str) -> None:
    person_with("third", SECOND, "third-second-way")
    connect(journey, SECOND)  # in another tab
    before = owners()
    assert press(journey, page, choice).status_code == 409
    assert owners() == before


def test_way_in_that_was_added_behind_the_page_is_shown_first(journey: Journey, page: Any) -> None:
    """Somebody who sits at the other account too connects a sign-in of their own, to come along into this one."""
    other = SocialAccount.objects.get(uid=SUBJECT).user
    SocialAccount.objects.create(user=other, provider="qq", uid="X", extra_data={"nickname": "Mallory"})
    before = owners()
    again = press(journey, page, "merge")
    assert again.status_code == 409
    assert "Mallory" in again.content.decode()
    assert owners() == before
    assert press(journey, again, "merge").status_code == 303


@pytest.mark.parametrize("shown", [{}, {"shown": "0" * 64}, {"shown": "浪"}])
def test_form_without_what_was_shown_does_nothing(journey: Journey, page: Any, shown: dict[str, str]) -> None:
    assert journey.visitor.post(PAGE, {"choice": "merge", **shown}).status_code == 409
    assert owners()[SUBJECT] == "other"
