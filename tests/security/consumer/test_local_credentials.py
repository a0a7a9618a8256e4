"""Turn a sign-in at a connector into the password of the same person, which opens the provider and the admin."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from tests import factories
from tests.consumer.journey import Journey, is_signed_in, sign_in_as
from tests.consumer.openid_provider import SUBJECT
from tests.consumer.qq_samples import OPENID, CannedQQ
from tests.factories import PASSWORD
from tests.security.consumer import qq_journey

EMAILS = "/accounts/email/"
ANOTHER = "/accounts/3rdparty/another/"
THEIRS = "attacker@example.com"


@pytest.fixture
def by_qq(qq: CannedQQ, visitor: Client, victim: Any) -> Client:
    """Return the browser of somebody who has got hold of the victim's QQ, and of nothing else."""
    SocialAccount.objects.create(user=victim, provider="qq", uid=OPENID)
    qq_journey.sign_in(visitor)
    assert is_signed_in(visitor)
    return visitor


def change(browser: Client, what: str, email: str) -> Any:
    return browser.post(EMAILS, {f"action_{what}": "", "email": email})


@pytest.mark.parametrize("what", ["add", "remove", "primary"])
def test_connector_alone_changes_no_address_of_somebody_with_a_password(by_qq: Client, victim: Any, what: str) -> None:
    EmailAddress.objects.create(user=victim, email="victim@example.com", verified=True, primary=True)
    EmailAddress.objects.create(user=victim, email="second@example.com", verified=True)
    before = list(EmailAddress.objects.order_by("pk").values())
    response = change(by_qq, what, THEIRS if what == "add" else "second@example.com")
    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert list(EmailAddress.objects.order_by("pk").values()) == before


def test_password_beside_the_connector_does(by_qq: Client) -> None:
    by_qq.post("/accounts/reauthenticate/", {"password": PASSWORD})
    change(by_qq, "add", "mine@example.com")
    assert EmailAddress.objects.filter(email="mine@example.com").exists()


def test_person_who_has_the_connector_alone_adds_an_address(by_qq: Client, victim: Any) -> None:
    victim.set_unusable_password()
    victim.save()
    qq_journey.sign_in(by_qq)  # the password's change ended the session
    change(by_qq, "add", "mine@example.com")
    assert EmailAddress.objects.filter(email="mine@example.com").exists()


NEW = {"password1": "a new one, long enough", "password2": "a new one, long enough"}


@pytest.mark.parametrize("staff", [True, False])
@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/password/set/", NEW),
        (EMAILS, {"action_add": "", "email": THEIRS}),
        ("/accounts/2fa/webauthn/add/", {"name": "key"}),
        ("/accounts/2fa/totp/activate/", {"code": "000000"}),
    ],
)
def test_staff_who_have_the_connector_alone_make_themselves_no_key_to_the_admin(
    by_qq: Client, victim: Any, address: str, form: dict[str, str], staff: bool
) -> None:
    victim.set_unusable_password()
    victim.is_staff = staff
    victim.save()
    qq_journey.sign_in(by_qq)  # the password's change ended the session
    assert (by_qq.post(address, form).status_code == 403) is staff
    victim.refresh_from_db()
    assert not (staff and victim.has_usable_password())
    assert not (staff and EmailAddress.objects.filter(email=THEIRS).exists())


@pytest.mark.parametrize("guard", ["password", "staff", "nothing"])
def test_merged_account_brings_no_address_to_somebody_with_more_than_sign_ins(journey: Journey, guard: str) -> None:
    """The attacker's own account, poured into the victim's, whose open session they sit at."""
    victim = factories.make_user("victim", is_staff=guard == "staff")
    if guard != "password":
        victim.set_unusable_password()
        victim.save()
    SocialAccount.objects.create(user=victim, provider="house", uid="victim-subject")
    attacker = factories.make_user("attacker")
    attacker.set_unusable_password()
    attacker.save()
    SocialAccount.objects.create(user=attacker, provider="house", uid=SUBJECT)
    EmailAddress.objects.create(user=attacker, email=THEIRS, verified=True, primary=True)
    sign_in_as(journey.visitor, victim)
    for subject in (SUBJECT, "victim-subject"):
        journey.house.userinfo["sub"] = subject
        journey.sign_in(form={"process": "connect"})
    shown = journey.visitor.get(ANOTHER).context["shown"]
    journey.visitor.post(ANOTHER, {"choice": "merge", "shown": shown})
    assert {account.user for account in SocialAccount.objects.all()} == {victim}
    assert EmailAddress.objects.filter(email=THEIRS, user=victim).exists() is (guard == "nothing")


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/password/set/", NEW),
        (EMAILS, {"action_add": "", "email": THEIRS}),
        ("/accounts/2fa/webauthn/add/", {"name": "key"}),
        ("/accounts/2fa/totp/activate/", {"code": "000000"}),
    ],
)
def test_open_session_of_somebody_with_the_connector_alone_gets_no_other_way_in(
    by_qq: Client, victim: Any, address: str, form: dict[str, str]
) -> None:
    """They have nothing to prove themselves by but a sign-in; whoever sits at their session has to make one."""
    victim.set_unusable_password()
    victim.save()
    qq_journey.sign_in(by_qq)  # the password's change ended the session
    session = by_qq.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    answer = by_qq.post(address, form)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/3rdparty/")
    victim.refresh_from_db()
    assert not victim.has_usable_password()
    assert not EmailAddress.objects.filter(email=THEIRS).exists()
    assert 'action="/accounts/qq/login/"' in by_qq.get("/accounts/3rdparty/").content.decode()
