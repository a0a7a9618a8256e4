"""Stay signed in by an account that no longer opens anything: disconnected, moved, or merged into another's."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.db.models.signals import pre_delete
from django.test import Client

from consumer_site.linking import accounts
from consumer_site.models import SessionLink
from tests import factories
from tests.consumer.journey import HOST, sign_in_as
from tests.consumer.logout import is_still_in
from tests.consumer.qq_samples import OPENID, CannedQQ
from tests.security.consumer import qq_journey

ACCOUNTS = "/accounts/3rdparty/"


@pytest.fixture
def account(qq: CannedQQ, victim: Any) -> SocialAccount:
    """Return the victim's QQ, which somebody else has got hold of; they have another way in."""
    SocialAccount.objects.create(user=victim, provider="github", uid="1")
    return SocialAccount.objects.create(user=victim, provider="qq", uid=OPENID)


@pytest.fixture
def thief(account: SocialAccount, visitor: Client) -> Client:
    """Return the browser that came by it."""
    qq_journey.sign_in(visitor)
    assert is_still_in(visitor)
    return visitor


@pytest.fixture
def owner(victim: Any) -> Client:
    """Return the victim's own browser, which came another way."""
    browser = Client(headers={"host": HOST})
    sign_in_as(browser, victim)
    return browser


def test_disconnecting_ends_what_the_account_opened_elsewhere(
    thief: Client, owner: Client, account: SocialAccount
) -> None:
    owner.post(ACCOUNTS, {"account": account.pk})
    assert not is_still_in(thief)
    assert is_still_in(owner)


def test_disconnecting_what_opened_this_very_session_keeps_it(thief: Client, account: SocialAccount) -> None:
    thief.post(ACCOUNTS, {"account": account.pk})
    assert not SocialAccount.objects.filter(pk=account.pk).exists()
    assert is_still_in(thief)


def test_session_that_ends_while_it_disconnects_another_account_is_not_kept(
    thief: Client, account: SocialAccount
) -> None:
    """The owner disconnects the thief's account while the thief's own request is under way."""

    def meanwhile(sender: Any, **kwargs: Any) -> None:
        SessionLink.objects.filter(account=account).delete()

    pre_delete.connect(meanwhile, sender=SocialAccount)
    try:
        thief.post(ACCOUNTS, {"account": SocialAccount.objects.get(provider="github").pk})
    finally:
        pre_delete.disconnect(meanwhile, sender=SocialAccount)
    assert SocialAccount.objects.get() == account
    assert not is_still_in(thief)


def test_moving_ends_what_the_account_opened_at_the_one_before(
    thief: Client, owner: Client, account: SocialAccount
) -> None:
    accounts.move(account=account, target=factories.make_user("rightful"))
    assert not is_still_in(thief)
    assert is_still_in(owner)


def test_account_that_goes_while_its_sign_in_is_under_way_opens_nothing(
    account: SocialAccount, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding the account and opening the session, as while a second factor is asked for, it is moved."""
    from consumer_site.logout import sessions

    bind = sessions.bind

    def moved_before(*args: Any) -> Any:
        SocialAccount.objects.filter(pk=account.pk).update(user=factories.make_user("rightful"))
        return bind(*args)

    monkeypatch.setattr(sessions, "bind", moved_before)
    assert qq_journey.sign_in(visitor).status_code == 409
    assert not is_still_in(visitor)


def test_merged_account_that_is_opened_again_has_no_sessions_left(
    thief: Client, account: SocialAccount, victim: Any, settings: Any
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SessionLink" not in name]
    # As those who merge: whoever has a password isn't merged.
    stored = victim.password
    victim.set_unusable_password()
    victim.save()
    assert victim.password != stored
    qq_journey.sign_in(thief)
    assert is_still_in(thief)
    accounts.merge(account=account, target=factories.make_user("rightful"))
    victim.refresh_from_db()
    assert not victim.is_active
    victim.is_active = True
    victim.save()
    assert not is_still_in(thief)
