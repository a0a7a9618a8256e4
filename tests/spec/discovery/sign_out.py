"""What is published of sessions and their end."""

from typing import Any

from tests.provider.driver import ISSUER, query
from tests.provider.logout import AFTERWARDS, BACK, FRONT, is_signed_in, told, wants
from tests.spec.discovery.world import World, proves


@proves("end_session_endpoint")
def end_session(world: World, value: Any) -> None:
    """OpenID RP-Initiated Logout 2.1."""
    driver = world.application()
    wants(driver, back="")
    sent = {
        "id_token_hint": driver.tokens().body["id_token"],
        "post_logout_redirect_uri": AFTERWARDS,
        "state": "s",
    }
    assert is_signed_in(driver)
    answer = driver.browser.get(world.path("end_session_endpoint"), sent)
    assert answer["Location"] == f"{AFTERWARDS}?state=s"
    assert not is_signed_in(driver)


@proves("check_session_iframe")
def check_session(world: World, value: Any) -> None:
    """OpenID Session Management 3.3: a frame for pages of applications, and a state to compare in each answer."""
    driver = world.application()
    frame = world.nobody().get(world.path("check_session_iframe"))
    assert frame.status_code == 200
    assert "X-Frame-Options" not in frame
    assert "frame-ancestors https://app.example.com" in frame["Content-Security-Policy"]
    assert "." in query(driver.consent(driver.authorize(), scopes=["nickname"]))["session_state"]


@proves("backchannel_logout_supported", "backchannel_logout_session_supported")
def back_channel(world: World, value: Any) -> None:
    """OpenID Back-Channel Logout 2.1, 2.4."""
    assert value is True
    driver = world.application()
    wants(driver, back=BACK)
    session = driver.id_token(driver.tokens())["sid"]
    driver.sign_out()
    assert [claims["sid"] for claims in told(driver)] == [session]


@proves("frontchannel_logout_supported", "frontchannel_logout_session_supported")
def front_channel(world: World, value: Any) -> None:
    """OpenID Front-Channel Logout 2, 3."""
    assert value is True
    driver = world.application()
    wants(driver, front=FRONT, back="")
    tokens = driver.tokens()
    sent = {"id_token_hint": tokens.body["id_token"]}
    done = driver.browser.get(world.path("end_session_endpoint"), sent)
    page = driver.browser.get(done["Location"]).content.decode()
    address = f"{FRONT}&amp;iss={ISSUER.replace(':', '%3A').replace('/', '%2F')}"
    assert f'src="{address}&amp;sid={driver.id_token(tokens)["sid"]}"' in page
