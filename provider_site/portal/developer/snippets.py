"""Settings to paste: this very application's values in the languages of the usual clients."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from provider_site.conf import provider_settings
from provider_site.portal.developer import wording
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.services import snippets


class SnippetsView(OwnedApplicationMixin):
    """Show the settings, each with a button that copies it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show what fits the application: a person's sign-in, or a machine's own token."""
        client = snippets.client_of(application=self.application)
        grant = self.application.authorization_grant_type
        context = {
            "client": client,
            "issuer": provider_settings.issuer,
            "subject": wording.subject(self.registration),
            "is_machine": grant == "client-credentials",
            "signs_people_in": grant == "authorization-code",
            "has_openid": "openid" in client.scopes,
            "renews": "offline_access" in client.scopes,
            "allauth": snippets.allauth(client),
            "allauth_address": snippets.allauth_address(client),
            "authlib": snippets.authlib(client),
            "curl_begin": snippets.curl_begin(client),
            "curl_exchange": snippets.curl_exchange(client),
            "curl_refresh": snippets.curl_refresh(client),
            "curl_userinfo": snippets.curl_userinfo(),
            "curl_machine": snippets.curl_machine(client),
        }
        return self.page(request, "provider_site/developer/settings.html", context)
