"""Applications that were stock DOT's before this app was installed."""

import importlib
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_refresh_token_model,
    set_token_value,
)

from provider_site.models import ApplicationScope, ClientSecret, Consent, Registration
from tests import factories
from tests.provider.driver import REDIRECT, Driver, plant_signing_key

SECRET = "aZ7kQ2mX" * 16  # the shape of DOT's generator
APP = "provider_site"


def migrate(*, to: str | None) -> None:
    """Migrate this app alone; ``None`` takes its tables away."""
    executor = MigrationExecutor(connection)
    executor.migrate([(APP, to)])


def latest() -> str:
    return str(MigrationExecutor(connection).loader.graph.leaf_nodes(APP)[0][1])


class Stock:
    """An application of stock DOT's, with one person's tokens."""

    def __init__(self) -> None:
        self.owner, self.person = factories.make_user(), factories.make_user()
        self.application = get_application_model().objects.create(
            name="Old friend",
            user=self.owner,
            client_type="confidential",
            authorization_grant_type="authorization-code",
            redirect_uris=REDIRECT,
            client_secret=SECRET,
        )
        self.client_secret = SECRET
        self.access, self.refresh = "stock-access-token-1234567890", "stock-refresh-token-1234567890"
        owned = {"user": self.person, "application": self.application}
        access = get_access_token_model()(
            **owned, scope="openid profile offline_access", expires=timezone.now() + timedelta(hours=1)
        )
        set_token_value(access, self.access)
        access.save()
        refresh = get_refresh_token_model()(**owned, access_token=access, token_family=uuid.uuid4())
        set_token_value(refresh, self.refresh)
        refresh.save()


@pytest.fixture
def stock(db: None) -> Stock:
    """Return what stock DOT had, after the step that takes applications over has run on it."""
    before = Stock()
    take_over = importlib.import_module("provider_site.migrations.0002_take_over_applications").take_over
    take_over(apps, SimpleNamespace(connection=connection))
    plant_signing_key()
    return before


@pytest.fixture
def driver(stock: Stock) -> Driver:
    """Return the application as a client, and its person's browser."""
    return Driver(stock, stock.person)


def test_application_is_approved_as_it_was(stock: Stock) -> None:
    registration = Registration.objects.get(application=stock.application)
    assert registration.status == "approved"
    assert registration.subject_type == "legacy"
    assert registration.owner == stock.owner
    assert registration.taken_over_at is not None
    assert not registration.pkce_waived
    scopes = set(ApplicationScope.objects.filter(application=stock.application).values_list("scope", flat=True))
    assert scopes >= {"openid", "profile", "email", "offline_access"}


def test_step_run_again_changes_nothing(stock: Stock) -> None:
    before = Registration.objects.values().get()
    importlib.import_module("provider_site.migrations.0002_take_over_applications").take_over(
        apps, SimpleNamespace(connection=connection)
    )
    assert Registration.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_migrations_back_and_forth_take_over_what_was_there() -> None:
    last = latest()
    migrate(to=None)
    try:
        assert not any(table.startswith(f"{APP}_") for table in connection.introspection.table_names())
        before = Stock()
    finally:
        migrate(to=last)
    plant_signing_key()
    assert Registration.objects.get().status == "approved"
    driver = Driver(before, before.person)
    assert driver.works(before.access)
    assert driver.refresh(before.refresh).status == 200


def test_no_consent_is_inferred_from_tokens(stock: Stock) -> None:
    assert not Consent.objects.exists()


def test_access_token_issued_before_still_works_with_its_subject(driver: Driver, stock: Stock) -> None:
    answer = driver.userinfo(stock.access)
    assert answer.status_code == 200
    assert answer.json()["sub"] == str(stock.person.pk)


def test_refresh_token_issued_before_is_renewed_and_so_are_its_successors(driver: Driver, stock: Stock) -> None:
    token = stock.refresh
    for _time in range(3):
        answer = driver.refresh(token)
        assert answer.status == 200, answer.body
        assert driver.works(answer.access)
        assert driver.id_token(answer)["sub"] == str(stock.person.pk)
        token = answer.refresh
    assert not driver.works(stock.access)


def test_refresh_token_issued_before_and_used_twice_kills_its_family(driver: Driver, stock: Stock) -> None:
    first = driver.refresh(stock.refresh)
    assert driver.refresh(stock.refresh).error == "invalid_grant"
    assert not driver.works(first.access)
    assert driver.refresh(first.refresh).error == "invalid_grant"


def test_tokens_issued_before_die_with_account_and_application(driver: Driver, stock: Stock) -> None:
    type(stock.person).objects.filter(pk=stock.person.pk).update(is_active=False)
    assert not driver.works(stock.access)
    assert driver.refresh(stock.refresh).error == "invalid_grant"
    type(stock.person).objects.update(is_active=True)
    Registration.objects.update(status="suspended")
    assert not driver.works(stock.access)


def test_tokens_issued_before_die_with_a_consent_given_and_withdrawn_since(driver: Driver, stock: Stock) -> None:
    new = driver.tokens(scope="openid profile offline_access", scopes=["profile", "offline_access"])
    assert driver.works(stock.access)
    driver.browser.post(f"/o/apps/{stock.application.pk}/withdraw/")
    assert not driver.works(stock.access)
    assert driver.refresh(stock.refresh).error == "invalid_grant"
    assert not driver.works(new.access)


def test_client_revokes_what_was_issued_before(driver: Driver, stock: Stock) -> None:
    assert driver.revoke(stock.refresh).status_code == 200
    assert not driver.works(stock.access)
    assert driver.refresh(stock.refresh).error == "invalid_grant"


def test_old_secret_is_upgraded_at_its_first_use(driver: Driver, stock: Stock) -> None:
    assert not ClientSecret.objects.exists()
    assert driver.refresh(stock.refresh).status == 200
    assert ClientSecret.objects.get().application == stock.application
    assert (
        driver.token(headers=driver.basic(secret="wrong"), grant_type="refresh_token", refresh_token="x").status == 401
    )


def test_subject_of_a_new_sign_in_is_the_one_its_client_knows(driver: Driver, stock: Stock) -> None:
    tokens = driver.tokens(scope="openid profile offline_access", scopes=["profile", "offline_access"])
    assert driver.id_token(tokens)["sub"] == str(stock.person.pk)


def test_token_that_appears_later_without_an_authorization_is_refused(driver: Driver, stock: Stock) -> None:
    later = get_access_token_model()(
        user=stock.person, application=stock.application, scope="openid", expires=timezone.now() + timedelta(hours=1)
    )
    set_token_value(later, "appeared-later")
    later.save()
    assert not driver.works("appeared-later")


def test_application_made_later_without_a_registration_is_closed(stock: Stock) -> None:
    stock.application = get_application_model().objects.create(
        name="Newcomer",
        user=stock.owner,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=REDIRECT,
        client_secret=SECRET,
    )
    newcomer = Driver(stock, stock.owner)
    assert newcomer.authorize().status_code == 400
    assert newcomer.redeem("x").error == "invalid_client"
