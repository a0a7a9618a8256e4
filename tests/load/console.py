"""What the load needs in the database: a machine's client, a person who has consented, and a token of theirs."""

from __future__ import annotations

from typing import Any

from tests.scale import console


def ground() -> dict[str, Any]:
    """Make them, and the key that signs."""
    from tests import factories
    from tests.provider.driver import plant_signing_key

    plant_signing_key()
    registered = factories.make_application(authorization_grant_type="client-credentials")
    machine = {"client_id": registered.application.client_id, "secret": registered.client_secret}
    person = console.person()
    return {"machine": machine, "person": person, "access_token": _token(person)}


def _token(person: dict[str, Any]) -> str:
    """Consent, and buy a token."""
    from django.conf import settings
    from django.test import Client

    from provider_site.services.applications import RegisteredApplication, application_model
    from tests.provider.driver import Driver

    application = application_model().objects.get(client_id=person["client_id"])
    driver = Driver(
        RegisteredApplication(application, person["secret"]), redirect_uri="https://app.example.com/callback"
    )
    headers = {"host": settings.PROVIDER_URL.partition("://")[2], "x-forwarded-proto": "https"}
    driver.browser, driver.backchannel = Client(headers=headers), Client(headers=headers)
    for name, value in person["cookies"].items():
        driver.browser.cookies[name] = value
    return driver.tokens().access


if __name__ == "__main__":
    console.serve(globals())
