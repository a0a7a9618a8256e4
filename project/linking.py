"""Where the two apps meet: people who come to the consumer through our own provider are its users already."""

from typing import Any

from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.http import HttpRequest

from consumer_site import adapters
from project.environment import CONSUMER, PROVIDER

HOUSE = "house"


def is_our_own(sociallogin: SocialLogin) -> bool:
    """Say whether both sites are served here and the sign-in came from our own issuer, whose subjects we know."""
    if not {PROVIDER, CONSUMER} <= set(settings.SITES):
        return False
    app = sociallogin.provider.app
    return bool(app.provider == HOUSE and app.settings.get("server_url") == settings.PROVIDER_SITE["ISSUER"])


class SocialAccountAdapter(adapters.SocialAccountAdapter):
    """The consumer's adapter, which here knows who our own subjects are, and which site offers connectors."""

    def find_local_user(self, request: HttpRequest, sociallogin: SocialLogin) -> Any | None:
        """Return the user whose subject our own provider has just vouched for; never by e-mail or name."""
        if not is_our_own(sociallogin):
            return None
        from provider_site.services.subjects import user_for_subject  # noqa: PLC0415 - absent where the consumer is alone

        # Another application's subject, were it ever to come here, is nobody's.
        return user_for_subject(subject=sociallogin.account.uid, client_id=sociallogin.provider.app.client_id)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Let newcomers in by every connector, whether or not the site takes local sign-ups."""
        return True

    def list_providers(self, request: HttpRequest) -> list[Any]:
        """Offer connectors on the consumer's pages alone: the provider's host has no addresses for them."""
        if getattr(request, "hosted_site", CONSUMER) != CONSUMER:
            return []
        return list(super().list_providers(request))
