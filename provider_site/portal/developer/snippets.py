"""Settings to paste: this very application's values in the languages of the usual clients."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from provider_site.conf import provider_settings
from provider_site.policy import grants
from provider_site.portal.developer import wording
from provider_site.portal.developer.access import OwnedApplicationMixin
from provider_site.services import device_snippets, snippets


class SnippetsView(OwnedApplicationMixin):
    """Show the settings, each with a button that copies it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Show what fits the application: a person's sign-in, a device's, or a machine's own token."""
        client = snippets.client_of(application=self.application)
        grant = self.application.authorization_grant_type
        context = {
            "client": client,
            "issuer": provider_settings.issuer,
            "subject": wording.subject(self.registration),
            "is_machine": grant == grants.CLIENT_CREDENTIALS,
            "is_device": grant == grants.DEVICE_CODE,
            "redirects": grant == grants.AUTHORIZATION_CODE,
            "signs_people_in": grants.signs_in(grant),
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
        if grant == grants.DEVICE_CODE:
            context |= {
                "device_begin": device_snippets.curl_begin(client),
                "device_poll": device_snippets.curl_poll(client),
                "device_program": device_snippets.program(client),
            }
        return self.page(request, "provider_site/developer/settings.html", context)
