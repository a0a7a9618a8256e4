"""A form of another site in a real browser: which cookies come along is for browsers to say."""

import html
from typing import Any

import pytest

from consumer_site.connectors.house.answer import COOKIE
from tests.consumer import openid_provider
from tests.consumer.openid_provider import CLIENT_ID, CLIENT_SECRET, Answer, OpenIDProvider, Received

pytestmark = pytest.mark.browser


def page_with_form(house: OpenIDProvider, received: Received) -> Answer:
    """Return the provider's page that sends the answer, by a button: without scripts."""
    action, form = house.authorize_by_form(f"{house.issuer}/authorize?{received.query}")
    fields = "".join(f'<input type="hidden" name="{name}" value="{html.escape(text)}">' for name, text in form.items())
    text = f'<!DOCTYPE html><title>x</title><form method="post" action="{action}">{fields}<button>Back</button></form>'
    return Answer(text.encode(), headers={"Content-Type": "text/html"})


def test_answer_by_a_form_signs_in_across_sites(live_sites: Any, page: Any) -> None:
    from allauth.socialaccount.models import SocialApp

    with openid_provider.running() as house:
        # Another site than the consumer's 127.0.0.1: ports alone do not make one.
        house.issuer = house.issuer.replace("127.0.0.1", "localhost")
        house.bend_discovery = lambda document: document.update(response_modes_supported=["form_post"])
        house.replies["/authorize"] = lambda received: page_with_form(house, received)
        SocialApp.objects.create(
            provider="house",
            name="House",
            client_id=CLIENT_ID,
            secret=CLIENT_SECRET,
            settings={"server_url": house.issuer, "response_mode": "form_post"},
        )
        opened: list[str] = []
        page.on("request", lambda request: opened.append(request.url))
        page.goto(f"{live_sites.consumer}/accounts/house/login/")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Back").click()
        page.wait_for_url("**/calendar/")
        (code,) = [request.form["code"] for request in house.requests_to("/token")]
        assert f"{live_sites.consumer}/accounts/house/login/callback/" in opened
        assert not [address for address in opened if code in address]
        callback = f"{live_sites.consumer}/accounts/house/login/callback/"
        assert COOKIE not in [cookie["name"] for cookie in page.context.cookies(callback)]
