"""Use the refusal of what has waited too long against the site, or against others (X-Request-Start)."""

import threading
import time
from typing import Any

import pytest
from django.test import Client

from tests.provider.driver import ISSUER_HOST, Driver

DOCUMENT = "/.well-known/openid-configuration"


@pytest.fixture
def behind_a_proxy(settings: Any, db: None) -> Client:
    """Return a client of a site whose proxy says when it took a request."""
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"TRUSTED_PROXIES": 1, "MAX_QUEUE_SECONDS": 5}
    return Client(headers={"host": ISSUER_HOST})


def ago(seconds: float) -> dict[str, str]:
    return {"X-Request-Start": f"t={time.time() - seconds:.3f}"}


class TestOverload:
    def test_what_waited_too_long_is_refused_and_kept_by_no_cache(self, behind_a_proxy: Client) -> None:
        """The refusal of one must not become the document of all."""
        answer = behind_a_proxy.get(DOCUMENT, headers=ago(20))
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0
        assert answer["Cache-Control"] == "no-store"
        assert behind_a_proxy.get(DOCUMENT, headers=ago(0)).status_code == 200

    def test_without_a_proxy_nobody_is_believed(self, driver: Driver) -> None:
        for headers in (ago(20), {"X-Request-Start": "t=1"}):
            assert driver.backchannel.get(DOCUMENT, headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "text",
        [
            "t=inf",
            "inf",
            "-inf",
            "nan",
            "t=nan",
            "1e400",
            "-1e400",
            "9" * 5000,
            "t=",
            "",
            "x",
            "0x10",
            "1_0",
            "\xb2",
            "t=-1",
        ],
        ids=lambda text: repr(text[:12]),
    )
    def test_moment_that_is_none_is_answered_and_hangs_nobody(self, behind_a_proxy: Client, text: str) -> None:
        """In a thread: what is shown is that it ends."""
        found: list[int] = []

        def ask() -> None:
            found.append(behind_a_proxy.get(DOCUMENT, headers={"X-Request-Start": text}).status_code)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(60)
        assert found == [200]

    def test_refusal_repeats_nothing_of_the_request(self, behind_a_proxy: Client) -> None:
        address = f"{DOCUMENT}?x=<script>alert(1)</script>"
        headers = ago(20) | {"Accept": "text/html", "Accept-Language": "zh-CN, <script>"}
        for host in (ISSUER_HOST, "evil.example"):
            answer = behind_a_proxy.get(address, headers=headers | {"host": host})
            assert answer.status_code == 503
            assert "script" not in answer.text
            assert "evil" not in answer.text
            assert not answer.cookies

    def test_refused_request_has_done_nothing(self, driver: Driver, settings: Any) -> None:
        """Its client tries again: a code is still good."""
        code = driver.code()
        settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"TRUSTED_PROXIES": 1}
        late = driver.backchannel.post(
            "/o/token/", {"grant_type": "authorization_code", "code": code}, headers=driver.basic() | ago(20)
        )
        assert late.status_code == 503
        assert late.json()["error"] == "temporarily_unavailable"
        assert driver.redeem(code).status == 200
