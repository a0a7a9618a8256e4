"""An application's addresses besides its redirect URIs: what is wrong with them, in words that say what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from provider_site import http
from provider_site.conf import provider_settings
from provider_site.policy import client_addresses, links
from provider_site.policy.client_addresses import Fault
from provider_site.policy.facts import CALLED

LINKS = ("homepage_url", "privacy_policy_url", "terms_url", *CALLED)
# We send to these ourselves.
_SENT_TO = {
    "events_url": _("We send events to public https:// addresses alone."),
    "backchannel_logout_uri": _("We send sign-outs to public https:// addresses alone."),
}
_FAULTS = {
    Fault.FRAGMENT: _("Leave out the fragment (the part after #)."),
    Fault.NOT_HTTPS: _("Use an https:// address."),
    Fault.NOT_HTTPS_OR_LOOPBACK: _("Use an https:// address; http is only for the loopback address."),
    Fault.NO_REDIRECT_ORIGIN: _(
        "Use an address with the scheme, host and port of one of the redirect URIs, or register such a redirect URI."
    ),
    Fault.FOREIGN_HOST: _("Use an address on the host of a redirect URI or of the home page."),
    Fault.RESERVED_PARAMETER: _(
        "iss, sid, login_hint and target_link_uri are parameters that we add; leave them out of the address."
    ),
}


def link_faults(addresses: Mapping[str, str], *, redirect_uris: Sequence[str]) -> dict[str, ValidationError]:
    """Return an error for each field of LINKS whose address can't be registered; an empty one always can.

    None may lead elsewhere than it looks. Where we send something ourselves, an address in clear is refused too
    (RFC 8935 5.1; Back-Channel Logout 2.2).
    """
    text = _(
        "This address may lead elsewhere than it looks. Leave out user names, backslashes and invisible characters."
    )
    given = {name: url for name, url in addresses.items() if url}
    faults = {name: ValidationError(text) for name, url in given.items() if links.misleads(url)}
    for name, refusal in _SENT_TO.items():
        if name in given and name not in faults and not http.may_be_called(given[name]):
            faults[name] = ValidationError(refusal)
    for name, fault in _own_faults(given, redirect_uris).items():
        if fault is not None and name in given:
            faults.setdefault(name, ValidationError(_FAULTS[fault], code=fault))
    return faults


def _own_faults(given: Mapping[str, str], redirect_uris: Sequence[str]) -> dict[str, Fault | None]:
    sane = {name: url for name, url in given.items() if not links.misleads(url)}
    return {
        "backchannel_logout_uri": client_addresses.backchannel_fault(sane.get("backchannel_logout_uri", "")),
        "frontchannel_logout_uri": client_addresses.frontchannel_fault(
            sane.get("frontchannel_logout_uri", ""), redirect_uris=redirect_uris
        ),
        "initiate_login_uri": client_addresses.initiate_login_fault(
            sane.get("initiate_login_uri", ""),
            redirect_uris=redirect_uris,
            homepage_url=sane.get("homepage_url", ""),
            allow_loopback_http=provider_settings.outbound_allow_loopback_http,
        ),
    }
