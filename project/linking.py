"""Where the two apps meet: people who come to the consumer through our own provider."""

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Sign-up and linking."""
