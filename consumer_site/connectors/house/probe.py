"""Try an OpenID provider's entry for the admin: what it publishes, its keys, this site's credentials, the callback."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from requests import RequestException

from consumer_site.connectors.house.client import HouseClient
from consumer_site.errors import CodeRefused, NotConfigured, SignInError
from consumer_site.http import is_loopback_host
from consumer_site.openid.client_authentication import method_of
from consumer_site.openid.entries import FORM_POST, Entry, entry_of
from consumer_site.openid.issuer import fetch_json
from consumer_site.openid.metadata import Metadata
from consumer_site.probing import Finding

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp


@sensitive_variables()
def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
    """Return what was found out, by asking the provider now; `app` may not be saved yet."""
    try:
        entry = entry_of(app)
    except SignInError as error:
        hint = _("Fill in the client ID and the issuer's address, and choose an id that no other entry has.")
        return (Finding(False, _("The entry is not complete"), error.detail, hint),)
    try:
        # Anew: what was read an hour ago is not what is asked about.
        entry.issuer.forget()
        metadata = entry.issuer.metadata()
    except (SignInError, RequestException) as error:
        return (_unusable(entry, error), *_callback(callback_url))
    return (
        Finding(True, _("The provider publishes what it offers"), metadata.issuer),
        _encryption(metadata),
        _keys(entry, metadata),
        _credentials(entry, metadata, callback_url=callback_url),
        *_callback(callback_url),
        *_form_post(entry, metadata),
        _sender(metadata),
        _sign_out(metadata),
    )


def _said(error: Exception) -> str:
    return error.detail if isinstance(error, SignInError) else str(error)


def _unusable(entry: Entry, error: Exception) -> Finding:
    hint = _(
        "Copy the issuer's address exactly as the provider publishes it, with or without a slash at the end. The "
        "document is looked for at %(address)s"
    ) % {"address": f"{entry.server_url.rstrip('/')}/.well-known/openid-configuration"}
    return Finding(False, _("The provider's description can't be used"), _said(error), hint)


def _encryption(metadata: Metadata) -> Finding:
    addresses = (metadata.issuer, metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    if all(address.startswith("https://") for address in addresses):
        return Finding(True, _("Calls are encrypted, and the provider's certificate is good"))
    hint = _("Good for development on this machine, and for nothing else.")
    return Finding(None, _("Calls to the provider are not encrypted"), "", hint)


def _keys(entry: Entry, metadata: Metadata) -> Finding:
    try:
        algorithms = ", ".join(entry.algorithms(metadata))
        listed = fetch_json(metadata.jwks_uri).get("keys")
    except (SignInError, RequestException) as error:
        hint = _("The provider and the entry have to agree on how ID tokens are signed.")
        return Finding(False, _("The provider's keys can't be used"), _said(error), hint)
    if not isinstance(listed, list) or not listed:
        return Finding(False, _("The provider publishes no keys"), metadata.jwks_uri)
    return Finding(True, _("The provider publishes its keys"), f"{len(listed)}; {algorithms}")


@sensitive_variables()
def _credentials(entry: Entry, metadata: Metadata, *, callback_url: str) -> Finding:
    """Redeem a made-up code: with right credentials it is the code that is refused (RFC 6749 section 5.2)."""
    method = ""
    try:
        method = method_of(entry, metadata)
        HouseClient(entry).exchange_code(
            code=secrets.token_urlsafe(24), redirect_uri=callback_url, code_verifier=secrets.token_urlsafe(64)
        )
    except CodeRefused:
        title = _("The provider knows this client") if method == "none" else _("The credentials are right")
        return Finding(True, title, method)
    except NotConfigured as error:
        hints = {
            "token endpoint: invalid_client": _("Copy client ID and secret again, without blanks around them."),
            "token endpoint: unauthorized_client": _("Allow this client the authorization code grant there."),
        }
        hint = hints.get(error.detail, _("Compare the entry with how the client is registered at the provider."))
        return Finding(False, _("The provider does not accept this client"), error.detail, hint)
    except (SignInError, RequestException) as error:
        return Finding(None, _("The provider did not say whether the credentials are right"), _said(error))
    return Finding(None, _("The provider took a made-up code"), "", _("This is no real provider."))


def _callback(callback_url: str) -> Iterator[Finding]:
    parts = urlsplit(callback_url)
    hint = _("Register exactly this address as redirect URI at the provider.")
    safe = parts.scheme == "https" or is_loopback_host(parts.hostname or "")
    if safe and not parts.fragment:
        yield Finding(True, _("The callback can be registered"), callback_url, hint)
    else:
        yield Finding(
            False, _("Providers won't take the callback"), callback_url, _("This site needs a public https address.")
        )


def _form_post(entry: Entry, metadata: Metadata) -> Iterator[Finding]:
    try:
        wanted = entry.wants_form_post
    except NotConfigured as error:
        yield Finding(False, _("The response mode is unknown"), error.detail)
        return
    if wanted:
        ok = FORM_POST in metadata.response_modes
        hint = "" if ok else _("Its answers come in the callback's address instead.")
        yield Finding(ok, _("Answers by a form are offered") if ok else _("No answers by a form"), FORM_POST, hint)


def _sender(metadata: Metadata) -> Finding:
    if metadata.names_itself:
        return Finding(True, _("The provider names itself in its answers"), "RFC 9207")
    return Finding(
        None,
        _("The provider does not name itself in its answers"),
        "",
        _("Its own callback keeps it apart from others."),
    )


def _sign_out(metadata: Metadata) -> Finding:
    offered = {
        _("signing out there from here"): bool(metadata.end_session_endpoint),
        _("telling this site of sign-outs, from server to server"): metadata.backchannel_logout,
        _("telling this site of sign-outs, in the browser"): metadata.frontchannel_logout,
    }
    found = [name for name, present in offered.items() if present]
    if not found:
        return Finding(None, _("The provider offers no common sign-out"))
    return Finding(True, _("The provider offers common sign-out"), "; ".join(found))
