"""Have a sign-in that was under way undo what happened meanwhile: a suspension, a disconnection, a move."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse

from consumer_site.linking import accounts
from tests import factories
from tests.consumer.journey import Journey, assert_error_page, sign_in_as
from tests.consumer.openid_provider import SUBJECT

pytestmark = pytest.mark.django_db(transaction=True)


def looks_at_the_user(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Do what many a project's middleware does: know the person before the view runs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        assert request.user.is_authenticated in {True, False}
        return get_response(request)

    return middleware


@pytest.fixture
def early_project(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.looks_at_the_user"]


def elsewhere(act: Callable[[], object]) -> threading.Thread:
    """Let another process, as it were, act now."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("taken", ["is_active", "is_staff"])
def test_connection_gives_nobody_back_what_was_taken_while_the_provider_answered(
    early_project: None, journey: Journey, taken: str
) -> None:
    suspended = factories.make_user("suspended", is_staff=True)
    sign_in_as(journey.visitor, suspended, recently=True)
    rows = get_user_model().objects.filter(pk=suspended.pk)
    journey.house.bend_userinfo = lambda claims: elsewhere(lambda: rows.update(**{taken: False})).join(10)
    response = journey.sign_in(form={"process": "connect"})
    suspended.refresh_from_db()
    assert getattr(suspended, taken) is False
    assert SocialAccount.objects.exists() is (taken == "is_staff")
    if taken == "is_active":
        assert_error_page(response, 400)


@contextmanager
def before_the_next_save(act: Callable[[SocialAccount], None]) -> Iterator[None]:
    """Act between allauth's reading of an account and its saving."""
    done: list[SocialAccount] = []

    def receive(sender: Any, *, instance: SocialAccount, **kwargs: Any) -> None:
        if not done:
            done.append(instance)
            act(instance)

    pre_save.connect(receive, sender=SocialAccount)
    try:
        yield
    finally:
        pre_save.disconnect(receive, sender=SocialAccount)
    assert done


@pytest.mark.parametrize("change", ["disconnected", "moved"])
def test_sign_in_does_not_bring_an_account_back_to_where_it_was(journey: Journey, change: str) -> None:
    owner, target = factories.make_user("owner"), factories.make_user("target")
    account = SocialAccount.objects.create(user=owner, provider="house", uid=SUBJECT)
    threads = []

    def alter(_instance: SocialAccount) -> None:
        if change == "moved":
            threads.append(elsewhere(lambda: accounts.move(account=account, target=target)))
        else:
            threads.append(elsewhere(lambda: SocialAccount.objects.filter(pk=account.pk).delete()))
        # Where the sign-in holds the row, the other waits for it, and not the other way round.
        threads[0].join(0.3)

    with before_the_next_save(alter):
        journey.sign_in()
    threads[0].join(30)
    owners = [found.user for found in SocialAccount.objects.filter(pk=account.pk)]
    assert owners == ([target] if change == "moved" else [])


def test_account_that_two_connect_at_once_is_one_person_s_and_a_page_for_the_other(journey: Journey) -> None:
    first, second = factories.make_user("first"), factories.make_user("second")
    sign_in_as(journey.visitor, second, recently=True)

    def overtake(instance: SocialAccount) -> None:
        row = SocialAccount(user=first, provider=instance.provider, uid=instance.uid)
        SocialAccount.objects.bulk_create([row])

    with before_the_next_save(overtake):
        response = journey.sign_in(form={"process": "connect"})
    assert_error_page(response, 409)
    assert not SocialAccount.objects.filter(user=second).exists()
