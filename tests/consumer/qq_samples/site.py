"""A site whose QQ app is answered by a server with canned bytes."""

from typing import Any

from allauth.socialaccount.models import SocialApp

from tests.consumer.canned_server import CannedProvider
from tests.consumer.qq_samples.addresses import ME, PROFILE_PATH, TOKEN
from tests.consumer.qq_samples.published import APP_ID, APP_KEY, me_jsonp, profile, token


def speak_to(server: CannedProvider, settings: Any) -> None:
    """Make the server the app's QQ, with true answers."""
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "ALLOW_LOOPBACK_HTTP": True,
        "QQ_BASE_URLS": {APP_ID: server.base_url},
    }
    SocialApp.objects.filter(provider="qq").delete()
    SocialApp.objects.create(provider="qq", name="QQ", client_id=APP_ID, secret=APP_KEY)
    server.answers.clear()
    server.asked.clear()
    server.answer(TOKEN, token())
    server.answer(ME, me_jsonp())
    server.answer(PROFILE_PATH, profile())
