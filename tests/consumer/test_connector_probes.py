"""The test button of each connector's entry tells right credentials from wrong ones, and takes no secret into words."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.utils.translation import override

from consumer_site.connectors.qq import probe as qq_probe
from consumer_site.connectors.weixin import probe as weixin_probe
from consumer_site.probing import Finding, probe_for
from tests.consumer import github_samples, qq_samples, weixin_samples
from tests.consumer.canned_server import Canned, CannedProvider, serve

PUBLIC = "https://app.example.com/accounts/x/login/callback/"
SECRET = "a-secret-that-nobody-is-told"
PATHS = {"qq": qq_samples.TOKEN, "weixin": weixin_samples.TOKEN, "github": github_samples.TOKEN}
SETTINGS = {"qq": "QQ_BASE_URLS", "weixin": "WEIXIN_BASE_URLS", "github": "GITHUB_BASE_URLS"}


@pytest.fixture(scope="module")
def service() -> Iterator[CannedProvider]:
    with serve() as running:
        yield running


@pytest.fixture
def pressed(service: CannedProvider, settings: Any) -> Any:
    """Return what presses a provider's button; the entry is not saved."""

    def press(provider: str, body: bytes | Canned, callback_url: str = PUBLIC, **options: Any) -> tuple[Finding, ...]:
        base = options.pop("base", service.base_url)
        settings.CONSUMER_SITE = {
            **settings.CONSUMER_SITE,
            "ALLOW_LOOPBACK_HTTP": True,
            SETTINGS[provider]: {"the-app": base},
        }
        service.answers.clear()
        service.asked.clear()
        service.answer(PATHS[provider], body)
        app = SocialApp(provider=provider, name="x", client_id="the-app", secret=SECRET, settings=options)
        probe = probe_for(provider)
        assert probe is not None
        with override("en"):
            findings = probe(app, callback_url=callback_url)
            said = " ".join(str(part) for finding in findings for part in (finding.title, finding.detail, finding.hint))
        assert SECRET not in said
        return findings

    return press


def titles(findings: tuple[Finding, ...], ok: bool | None) -> str:
    return " | ".join(str(finding.title) for finding in findings if finding.ok is ok)


@pytest.mark.parametrize(
    ("provider", "body", "ok", "title"),
    [
        ("qq", b'{"error":100019,"error_description":"so"}', True, "APP ID and APP Key are right"),
        ("qq", b'callback( {"error":100020,"error_description":"so"} );', True, "APP ID and APP Key are right"),
        ("qq", b'{"error":100008,"error_description":"so"}', False, "APP ID or APP Key is wrong"),
        ("qq", b'{"error":100009,"error_description":"so"}', False, "APP ID or APP Key is wrong"),
        ("qq", b'{"error":100010,"error_description":"so"}', False, "does not let it sign people in yet"),
        ("qq", b'{"error":100011,"error_description":"so"}', False, "does not let it sign people in yet"),
        ("qq", b'{"error":100029,"error_description":"so"}', None, "did not say"),
        ("weixin", b'{"errcode":40029,"errmsg":"so"}', True, "AppID and AppSecret are right"),
        ("weixin", b'{"errcode":40163,"errmsg":"so"}', True, "AppID and AppSecret are right"),
        ("weixin", b'{"errcode":40013,"errmsg":"so"}', False, "does not know this AppID"),
        ("weixin", b'{"errcode":40125,"errmsg":"so"}', False, "AppSecret is wrong"),
        ("weixin", b'{"errcode":40001,"errmsg":"so"}', False, "AppSecret is wrong"),
        ("weixin", b'{"errcode":40164,"errmsg":"so"}', False, "does not let it sign people in yet"),
        ("weixin", b'{"errcode":40066,"errmsg":"so"}', None, "did not say"),
        ("github", b'{"error":"bad_verification_code"}', True, "Client ID and client secret are right"),
        ("github", b'{"error":"incorrect_client_credentials"}', False, "Client ID or client secret is wrong"),
        ("github", b'{"error":"redirect_uri_mismatch"}', False, "callback is not the one registered"),
        ("github", b'{"error":"application_suspended"}', False, "suspended"),
        ("github", b'{"error":"invalid_request"}', None, "did not say"),
        ("github", Canned(b'{"error":"Not Found"}', 404), False, "Client ID or client secret is wrong"),
    ],
)
def test_made_up_code_tells_right_credentials_from_wrong_ones(
    service: CannedProvider, pressed: Any, provider: str, body: bytes, ok: bool | None, title: str
) -> None:
    findings = pressed(provider, body)
    assert title in titles(findings, ok)
    assert len(service.asked) == 1


@pytest.mark.parametrize("provider", ["qq", "weixin", "github"])
def test_service_that_is_away_or_answers_nonsense_is_told(pressed: Any, provider: str) -> None:
    with serve() as gone:
        pass
    assert "does not answer" in titles(pressed(provider, b"", base=gone.base_url), ok=False)
    assert "does not answer" in titles(pressed(provider, Canned(b"<html>", 502)), ok=False)
    assert "did not say" in titles(pressed(provider, b"<html>"), ok=None)
    true = {"qq": qq_samples.token(), "weixin": weixin_samples.token(), "github": github_samples.token()}
    assert "took a made-up code" in titles(pressed(provider, true[provider]), ok=None)


@pytest.mark.parametrize(
    ("callback_url", "fault"),
    [
        ("http://app.example.com/callback/", "https"),
        ("https://app.example.com:8443/callback/", "port"),
        ("https://localhost/callback/", "localhost"),
        ("https://127.0.0.1/callback/", "IP address"),
        ("https://[::1]/callback/", "IP address"),
    ],
)
@pytest.mark.parametrize("judge", [qq_probe.callback_finding, weixin_probe.callback_finding])
def test_callback_that_tencent_would_not_take_is_named(judge: Any, callback_url: str, fault: str) -> None:
    with override("en"):
        for is_real, ok in ((True, False), (False, None)):  # at an emulator it is a remark
            finding = judge(callback_url, is_real=is_real)
            assert fault in str(finding.detail)
            assert finding.ok is ok


def test_good_callback_is_good(pressed: Any) -> None:
    for provider, body in (("qq", b'{"error":100019}'), ("weixin", b'{"errcode":40029}'), ("github", b"{}")):
        assert "can be given this callback" in titles(pressed(provider, body), ok=True)
    assert "not https" in titles(pressed("github", b"{}", "http://app.example.com/"), ok=False)
    assert "can be given" in titles(pressed("github", b"{}", "http://localhost:8000/"), ok=True)
    assert "#" in str(pressed("qq", b"{}", f"{PUBLIC}#x")[-1].detail)


def test_wechat_entry_says_where_it_is_used(pressed: Any) -> None:
    assert "in a browser" in str(pressed("weixin", b"{}")[-1].detail)
    assert "inside WeChat" in str(pressed("weixin", b"{}", inside=True)[-1].detail)
