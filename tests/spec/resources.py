"""Two protected resources, and a client whose access tokens are JWTs."""

from typing import Any

from provider_site.models import Registration
from tests import factories
from tests.provider.driver import Driver

API = "https://api.example.com/v1"
PHOTOS = "https://photos.example.com"
SCOPE = "openid nickname offline_access"


def api(**fields: Any) -> Driver:
    """Return the resource server of API, which knows what a nickname is."""
    return Driver(factories.make_resource_server(**({"identifier": API, "scope": "nickname"} | fields)))


def photos(**fields: Any) -> Driver:
    """Return the resource server of PHOTOS, which knows what an avatar is."""
    return Driver(factories.make_resource_server(**({"identifier": PHOTOS, "scope": "avatar"} | fields)))


def use_jwts(driver: Driver, **fields: Any) -> Driver:
    """Let the client's access tokens be JWTs from now on."""
    Registration.objects.filter(application=driver.application).update(access_token_format="jwt", **fields)
    return driver


def machine(**fields: Any) -> Driver:
    """Return an application that acts for itself."""
    registered = factories.make_application(authorization_grant_type="client-credentials", **fields)
    return Driver(registered)
