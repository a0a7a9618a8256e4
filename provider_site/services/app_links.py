"""The link by which a person opens an app from this site, which begins a sign-in there (OpenID Connect Core 4)."""

from __future__ import annotations

from provider_site.conf import provider_settings
from provider_site.models import Registration
from provider_site.policy import third_party_login


def opens_at(*, registration: Registration | None) -> str:
    """Return the address; empty for an app that has none, or that is not approved: nobody has looked at its address."""
    if registration is None or registration.status != Registration.Status.APPROVED:
        return ""
    return address(initiate_login_uri=registration.initiate_login_uri, homepage_url=registration.homepage_url)


def address(*, initiate_login_uri: str, homepage_url: str) -> str:
    """Return where a sign-in at an application with these addresses begins, or an empty text."""
    return third_party_login.login_address(
        initiate_login_uri=initiate_login_uri, issuer=provider_settings.issuer, homepage_url=homepage_url
    )
