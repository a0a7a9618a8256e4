"""A site whose GitHub app is answered by a server with canned bytes."""

from typing import Any

from allauth.socialaccount.models import SocialApp

from tests.consumer.canned_server import CannedProvider
from tests.consumer.github_samples.published import (
    CLIENT_ID,
    CLIENT_SECRET,
    EMAILS,
    PROFILE_PATH,
    TOKEN,
    emails,
    profile,
    token,
)


def speak_to(server: CannedProvider, settings: Any) -> None:
    """Make the server the app's GitHub, with true answers."""
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "ALLOW_LOOPBACK_HTTP": True,
        "GITHUB_BASE_URLS": {CLIENT_ID: server.base_url},
    }
    SocialApp.objects.filter(provider="github").delete()
    SocialApp.objects.create(provider="github", name="GitHub", client_id=CLIENT_ID, secret=CLIENT_SECRET)
    server.answers.clear()
    server.asked.clear()
    answer_truly(server)


def answer_truly(server: CannedProvider) -> None:
    """Let the one person of the samples be who signs in next."""
    server.answer(TOKEN, token())
    server.answer(PROFILE_PATH, profile())
    server.answer(EMAILS, emails())
