"""What the suite registers dynamically, registered through our own services (comprehensive plan, third party)."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.core.exceptions import ValidationError

from tests import factories
from tests.conformance import registration
from tests.conformance.browser import Browser, Page
from tests.conformance.client import CALLBACK, Person, RelyingParty
from tests.conformance.listener import Listener
from tests.conformance.op import Op
from tests.conformance.plans import module
from tests.conformance.test_code_flow import complete


def consent_page(rp: RelyingParty, ada: Person, browser: Browser) -> Page:
    """Sign in at the client; return the page that asks whether to allow it."""
    browser.open(f"{rp.op.endpoint('authorization_endpoint')}?{urlencode(rp.request())}")
    browser.fill("id_login", ada.username)
    browser.fill("id_password", ada.password)
    page = browser.press_enter("id_password")
    assert page.has("allow"), page.text[:2000]
    return page


@module("oidcc-registration-logo-uri")
def test_logo_is_shown_to_the_person(rp: RelyingParty, ada: Person, browser: Browser) -> None:
    """The consent page shows the client's registered logo, a copy at the provider, which answers with a picture."""
    from provider_site.models import Registration
    from provider_site.services import logos

    logo = logos.store(application=rp.application, upload=factories.make_picture())
    Registration.objects.filter(application=rp.application).update(logo=logo)
    page = consent_page(rp, ada, browser)
    (address,) = [source for source in page.reader.pictures if logo.pk in source]
    answer = rp.op.call("GET", f"{rp.op.issuer}{address}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"


@module("oidcc-registration-policy-uri")
def test_privacy_policy_is_linked(provider: Op, addresses: Listener, ada: Person, browser: Browser) -> None:
    """The consent page links the client's registered privacy policy."""
    address = addresses.url("/policy")
    rp = registration.register(provider, addresses, privacy_policy_url=address)
    assert address in consent_page(rp, ada, browser).reader.links.values()


@module("oidcc-registration-tos-uri")
def test_terms_of_service_are_linked(provider: Op, addresses: Listener, ada: Person, browser: Browser) -> None:
    """The consent page links the client's registered terms of service."""
    address = addresses.url("/terms")
    rp = registration.register(provider, addresses, terms_url=address)
    assert address in consent_page(rp, ada, browser).reader.links.values()


@module("oidcc-redirect-uri-regfrag")
def test_redirect_uri_with_a_fragment_is_refused(provider: Op, addresses: Listener) -> None:
    """A redirect URI with a fragment can't be registered, and the error names it."""
    with pytest.raises(ValidationError, match="fragment"):
        registration.register(provider, addresses, redirect_uri=addresses.url(f"{CALLBACK}#foobar"))


@module("oidcc-registration-sector-uri")
def test_sector_that_lists_the_redirect_uri_is_taken(
    provider: Op, addresses: Listener, ada: Person, browser: Browser
) -> None:
    """A sector identifier URI that lists the redirect URIs is accepted, and its people have subjects of their own."""
    from provider_site.services import sectors

    assert "pairwise" in provider.metadata()["subject_types_supported"]
    uris = [addresses.url(CALLBACK), "https://example.org/redirect"]
    addresses.pages["/redirect_uris.json"] = ("application/json", json.dumps(uris))
    document = sectors.read(uri=addresses.url("/redirect_uris.json"))
    pairwise = registration.register(
        provider, addresses, redirect_uris=uris, subject_type="pairwise", sector_document=document
    )
    public = registration.register(provider, addresses)
    known, _token = complete(public, public.authorize(browser, ada))
    apart, _token = complete(pairwise, pairwise.authorize(browser, ada))
    assert apart.claims["sub"] != known.claims["sub"]


@module("oidcc-registration-sector-bad")
def test_sector_that_lists_another_redirect_uri_is_refused(provider: Op, addresses: Listener) -> None:
    """A sector identifier URI that lists other redirect URIs makes the registration an error."""
    from provider_site.services import sectors

    addresses.pages["/redirect_uris.json"] = ("application/json", json.dumps(["https://example.org/redirect"]))
    document = sectors.read(uri=addresses.url("/redirect_uris.json"))
    with pytest.raises(ValidationError, match="does not list"):
        registration.register(provider, addresses, subject_type="pairwise", sector_document=document)


@module("oidcc-3rd_party-init-login")
def test_initiate_login_uri_is_kept_and_used(provider: Op, addresses: Listener, ada: Person, browser: Browser) -> None:
    """The address is kept as registered, and the person's list of apps opens it with iss and nothing private."""
    address = addresses.url("/initiate_login?from=list")
    rp = registration.register(provider, addresses, initiate_login_uri=address)
    rp.application.registration.refresh_from_db()
    assert rp.application.registration.initiate_login_uri == address
    complete(rp, rp.authorize(browser, ada))
    page = browser.open(f"{provider.issuer}/o/apps/")
    (link,) = [url for url in page.reader.links.values() if url.startswith(addresses.url("/initiate_login"))]
    assert dict(parse_qsl(urlsplit(link).query)) == {"from": "list", "iss": provider.issuer}
    browser.open(link)
    assert addresses.at("/initiate_login")[-1].query["iss"] == provider.issuer


@module("oidcc-3rd_party-init-login-nohttps")
def test_initiate_login_uri_without_tls_is_refused(provider: Op, addresses: Listener) -> None:
    """An address of http can't be registered (OpenID Core 4, Registration 2), and the error names the field."""
    with pytest.raises(ValidationError) as refused:
        registration.register(provider, addresses, initiate_login_uri="http://app.example.com/initiate_login")
    assert "initiate_login_uri" in refused.value.message_dict
