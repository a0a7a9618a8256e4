"""Prove to a token endpoint that a request is this site's."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus

from django.views.decorators.debug import sensitive_variables

from consumer_site.errors import AnswerInvalid, NotConfigured
from consumer_site.openid.entries import Entry
from consumer_site.openid.metadata import Metadata

_BY_SECRET = ("client_secret_basic", "client_secret_post")


def method_of(entry: Entry, metadata: Metadata) -> str:
    """Return the method to use: the configured one, else the first that both sides have.

    Raise NotConfigured for one that the provider does not support, AnswerInvalid when there is none in common.
    """
    wanted = entry.settings.get("token_endpoint_auth_method")
    if wanted is not None:
        if wanted not in (*_BY_SECRET, "none"):
            raise NotConfigured("token_endpoint_auth_method is none that this site knows")
        if wanted != "none" and wanted not in metadata.auth_methods:
            raise NotConfigured(f"the provider does not support {wanted}")
        return str(wanted)
    if not entry.client_secret:
        return "none"
    for method in _BY_SECRET:
        if method in metadata.auth_methods:
            return method
    raise AnswerInvalid("discovery: no method of client authentication in common")


@sensitive_variables()
def authenticate(entry: Entry, metadata: Metadata, *, form: dict[str, str], headers: dict[str, str]) -> None:
    """Add the client's authentication to the form and headers of a token request (RFC 6749 section 2.3)."""
    method = method_of(entry, metadata)
    if method == "client_secret_basic":
        # RFC 6749 section 2.3.1: each part is form-urlencoded first.
        pair = f"{quote_plus(entry.client_id)}:{quote_plus(entry.client_secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return
    form["client_id"] = entry.client_id
    if method == "client_secret_post":
        form["client_secret"] = entry.client_secret
