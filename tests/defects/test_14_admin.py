"""Defect 14: a superuser cannot delete a person who has tokens, and a page shows the stored hash as the secret."""

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from provider_site.models import ClientSecret
from tests.defects.stock.driver import StockDriver, new_client
from tests.provider.admin.office import as_html, enter, page_of
from tests.provider.driver import Driver

User = get_user_model()


def delete(office: Client, person: Any) -> Any:
    """Ask for the page that deletes a person; confirm what it asks; return what the page said."""
    address = page_of(User, person.pk, "delete")
    said = as_html(office.get(address))
    office.post(address, {"post": "yes", "confirm": person.get_username()})
    return said


def test_superuser_deletes_a_person_who_has_tokens(driver: Driver, user: Any, staff: Any) -> None:
    tokens = driver.tokens()
    delete(enter(staff), user)
    assert not User.objects.filter(pk=user.pk).exists()
    assert not driver.works(tokens.access)


def test_superuser_at_stock_dot_cannot_delete_a_person_who_has_tokens(
    stock: StockDriver, user: Any, staff: Any
) -> None:
    office = new_client()
    office.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    tokens = stock.tokens()
    said = delete(office, user)
    assert "your account doesn't have permission to delete the following types of objects" in said.replace("’", "'")
    assert User.objects.filter(pk=user.pk).exists()
    assert stock.works(tokens.access)


def test_no_page_shows_what_is_stored_of_a_secret(driver: Driver, user: Any, staff: Any) -> None:
    application = driver.application
    application.refresh_from_db()
    stored = {application.client_secret, *ClientSecret.objects.values_list("digest", flat=True)} - {""}
    assert stored
    registration = application.registration
    registration.owner = user
    registration.save()
    pages = {
        page_of(type(application), application.pk, "change"): enter(staff),
        f"/o/developer/{application.pk}/": enter(user),
    }
    for address, browser in pages.items():
        page = as_html(browser.get(address))
        assert application.client_id in page
        assert not any(text in page for text in stored)


def test_pages_of_stock_dot_show_the_hash_as_the_secret(stock_site: None, user: Any, staff: Any) -> None:
    stock = StockDriver(user, owner=user)
    stored = stock.application.client_secret
    assert stored != stock.secret
    office = new_client()
    office.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    pages = {
        page_of(type(stock.application), stock.application.pk, "change"): office,
        f"/o/applications/{stock.application.pk}/": stock.browser,
    }
    for address, browser in pages.items():
        assert stored in as_html(browser.get(address))
