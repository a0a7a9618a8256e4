"""The address at which an application begins a sign-in that was not begun there (OpenID Connect Core 4)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from provider_site.policy.client_addresses import web_origin


def login_address(*, initiate_login_uri: str, issuer: str, homepage_url: str = "") -> str:
    """Return where a person's browser goes to begin a sign-in at the application, or an empty text where nowhere.

    A query the address has already is kept. ``target_link_uri`` is the home page where that is of the same origin:
    any other the application would have to refuse as a way to an open redirector. There is no ``login_hint``: a link
    names nobody before they have said yes (docs/decisions/0034).
    """
    if not initiate_login_uri:
        return ""
    parts = urlsplit(initiate_login_uri)
    added = {"iss": issuer}
    if homepage_url and web_origin(homepage_url) == web_origin(initiate_login_uri):
        added["target_link_uri"] = homepage_url
    query = "&".join(part for part in (parts.query, urlencode(added)) if part)
    return urlunsplit(parts._replace(query=query, fragment=""))
