"""Read secrets out of the admin, the database, or what a debugger and an error report print."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from provider_site.models import ClientSecret, Profile, SigningKey
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser, signed in by the form."""
    staff.emailaddress_set.create(email=staff.email, verified=True, primary=True)
    browser = Client(headers={"host": ISSUER_HOST})
    browser.post("/accounts/login/", {"login": staff.username, "password": factories.PASSWORD})
    return browser


def pages(office: Client, models: list[Any]) -> str:
    """Return every list and detail page of these models, joined."""
    text = []
    for model in models:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for address in [base, *(f"{base}{row.pk}/change/" for row in model._default_manager.all())]:
            answer = office.get(address)
            assert answer.status_code == 200, (address, answer.status_code)
            text.append(answer.content.decode())
    return "\n".join(text)


class TestSecretsInAdmin:
    def test_no_page_of_these_apps_shows_a_secret(self, driver: Driver, office: Client) -> None:
        code, waiting = driver.code(), driver.code()
        tokens = driver.redeem(code)
        key, secret = SigningKey.objects.get(alg="RS256"), ClientSecret.objects.get(application=driver.application)
        driver.application.refresh_from_db()
        hidden = {
            "code": waiting,
            "access token": tokens.access,
            "refresh token": tokens.refresh,
            "secret": driver.secret,
            "digest of the secret": secret.digest,
            "hash of the secret": driver.application.client_secret,
            "sealed key": key.sealed_private_key,
            "private exponent": '"d":',
        }
        models = [
            model for model in admin.site._registry if model._meta.app_label in {"provider_site", "oauth2_provider"}
        ]
        assert len(models) >= 8
        text = pages(office, models)
        assert driver.application.client_id in text
        assert [name for name, value in hidden.items() if value in text] == []

    def test_new_secret_is_shown_once_and_stored_by_no_cache(self, driver: Driver, office: Client) -> None:
        meta = driver.application._meta
        address = f"/admin/{meta.app_label}/{meta.model_name}/{driver.application.pk}/secret/"
        assert "oscs_" not in office.get(address).content.decode()  # it asks for a name and an end first
        answer = office.post(address, {"name": "server", "days": "90"})
        assert "no-store" in answer["Cache-Control"]
        shown = re.findall(r"oscs_[0-9A-Za-z]{49}", answer.content.decode())
        assert shown
        assert driver.refresh("x", headers=driver.basic(secret=shown[0])).status == 400
        again = pages(office, [type(driver.application)])
        assert shown[0] not in again

    def test_secret_page_needs_the_admins_own_form(self, driver: Driver, office: Client) -> None:
        meta = driver.application._meta
        strict = Client(headers={"host": ISSUER_HOST}, enforce_csrf_checks=True)
        strict.cookies = office.cookies
        answer = strict.post(f"/admin/{meta.app_label}/{meta.model_name}/{driver.application.pk}/secret/")
        assert answer.status_code == 403
        assert ClientSecret.objects.filter(application=driver.application).count() == 1

    def test_database_holds_no_usable_credential(self, driver: Driver) -> None:
        from django.apps import apps

        page = driver.authorize()
        handle = page["Location"].rstrip("/").rpartition("/")[2]
        waiting = driver.code()
        tokens = driver.tokens()
        values = {"handle": handle, "code": waiting, "access": tokens.access, "refresh": tokens.refresh}
        values |= {"secret": driver.secret, "id token": tokens.body["id_token"]}
        for label in ("provider_site", "oauth2_provider"):
            for model in apps.get_app_config(label).get_models():
                for row in model._default_manager.values():
                    held = [name for name, value in values.items() if value in str(row)]
                    assert not held, (model, held)
        assert not [row for row in SigningKey.objects.all() if "PRIVATE KEY" in row.sealed_private_key]

    def test_representations_hold_no_credential(self, registered: Any, driver: Driver, user: Any) -> None:
        from provider_site.conf import provider_settings
        from provider_site.protocol.client_authentication import ClientCredentials
        from provider_site.services import keys
        from provider_site.storage import access, codes, tokens

        code = driver.code()
        record = codes.find_code(code)
        bought = driver.redeem(code)
        printed = [
            repr(registered),
            repr(ClientCredentials("id", driver.secret)),
            repr(keys.signer()),
            repr(record),
            repr(access.find_access_token(bought.access)),
            repr(tokens.find_refresh_token(bought.refresh)),
            repr(provider_settings),
            *map(repr, [*ClientSecret.objects.all(), *SigningKey.objects.all(), *Profile.objects.all()]),
        ]
        hidden = [driver.secret, code, bought.access, bought.refresh, "PRIVATE KEY", *provider_settings.key_ring]
        for text in printed:
            assert not [value for value in hidden if value in text], text

    def test_no_page_changes_what_only_services_write(self, driver: Driver, office: Client) -> None:
        driver.tokens()
        for name in ("consent", "auditevent", "signingkey", "profile", "outboxmessage"):
            model = next(model for model in admin.site._registry if model._meta.model_name == name)
            row = model._default_manager.first()
            if row is not None:
                assert office.post(f"/admin/provider_site/{name}/{row.pk}/change/", {"_save": "1"}).status_code == 403
            assert office.get(f"/admin/provider_site/{name}/add/").status_code == 403
