"""`manage.py consumer_doctor`: the site as browsers see it, its server, and each provider that people sign in by."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from consumer_site import social_apps
from consumer_site.management import looks
from consumer_site.models import LogoutReceipt
from site_doctor.caller import Caller
from site_doctor.findings import Finding, Outcome, examine
from tests import certificates, faulty_proxy
from tests.consumer.openid_provider import CLIENT_SECRET, OpenIDProvider
from tests.faulty_proxy import Exchange, Fault, Proxy

LOOKS = {look.name: look for look in (*looks.OUTSIDE, *looks.INSIDE)}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return certificates.for_localhost(tmp_path_factory.mktemp("tls"), "127.0.0.1", days=90)


@pytest.fixture
def site(transactional_db: None, settings: Any, certificate: tuple[Any, Path], house_entry: Any) -> Iterator[Proxy]:
    """Serve the consumer by TLS, with one OpenID provider."""
    with faulty_proxy.serving(settings, certificate[0]) as proxy:
        settings.CONSUMER_SITE = settings.CONSUMER_SITE | {
            "SITE_URL": f"https://127.0.0.1:{proxy.port}",
            "ALLOW_LOOPBACK_HTTP": True,
        }
        yield proxy


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, int]:
    try:
        call_command("consumer_doctor", *arguments)
    except CommandError as error:
        return capsys.readouterr().out, error.returncode
    return capsys.readouterr().out, 0


def seen(name: str, *patient: object) -> Finding:
    (finding,) = examine([LOOKS[name]], *patient)
    return finding


def test_healthy_site_and_provider(site: Proxy, certificate: Any, capsys: Any) -> None:
    told, _status = doctor(capsys, "--ca", str(certificate[1]), "--json")
    report = json.loads(told)
    parts = {one["part"] for one in report["findings"]}
    assert parts == {"Transport", "Pages", "Sign-in", "Server", "Provider house"}
    # What the server of the tests is not: a deployment.
    wrong = [one for one in report["findings"] if one["outcome"] == "fail" and one["name"] != "settings"]
    assert wrong == []
    assert {one["name"] for one in report["findings"] if one["part"] == "Sign-in" and one["outcome"] == "ok"} == {
        "callback",
        "sign-in-by-get",
        "next",
        "backchannel",
    }
    assert "The credentials are right" in told
    assert CLIENT_SECRET not in told


def test_outside_alone_asks_no_provider(site: Proxy, certificate: Any, house: OpenIDProvider, capsys: Any) -> None:
    told, status = doctor(capsys, "--ca", str(certificate[1]), "--outside")
    assert (status, house.requests_to("/token")) == (0, [])
    assert "Server" not in told
    assert told.rstrip().endswith("skipped")


def answered(status: int) -> Fault:
    def spoil(exchange: Exchange) -> None:
        exchange.status = status

    return spoil


def led_away(exchange: Exchange) -> None:
    exchange.status = 302
    exchange.put("Location", "https://stranger.invalid/")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("callback", answered(404)),
        ("callback", answered(500)),
        ("callback", led_away),
        ("callback", lambda exchange: exchange.put("Set-Cookie", "sessionid=1")),
        ("sign-in-by-get", led_away),
        ("next", led_away),
        ("backchannel", answered(200)),
        ("backchannel", lambda exchange: exchange.drop("Cache-Control")),
    ],
)
def test_planted_fault_is_found(site: Proxy, certificate: Any, name: str, fault: Fault) -> None:
    caller, address = Caller(str(certificate[1])), f"https://127.0.0.1:{site.port}"
    assert seen(name, caller, address).outcome == Outcome.OK
    site.spoil = fault
    assert seen(name, caller, address).outcome == Outcome.FAIL


def test_sign_in_by_a_link_is_found(settings: Any, site: Proxy, certificate: Any) -> None:
    settings.SOCIALACCOUNT_LOGIN_ON_GET = True
    finding = seen("sign-in-by-get", Caller(str(certificate[1])), f"https://127.0.0.1:{site.port}")
    assert finding.outcome == Outcome.FAIL


def test_wrong_secret_at_a_provider_is_found(site: Proxy, certificate: Any, house_entry: Any, capsys: Any) -> None:
    house_entry.secret = "another secret"
    house_entry.save()
    told, status = doctor(capsys, "--ca", str(certificate[1]), "--json")
    wrong = [
        one for one in json.loads(told)["findings"] if one["part"] == "Provider house" and one["outcome"] == "fail"
    ]
    assert status == 1
    assert len(wrong) == 1
    assert "another secret" not in told


def test_provider_that_is_gone_is_found(site: Proxy, certificate: Any, house_entry: Any, capsys: Any) -> None:
    house_entry.settings = {"server_url": "http://localhost:9"}
    house_entry.save()
    told, status = doctor(capsys, "--ca", str(certificate[1]), "--timeout", "2")
    assert status == 1
    assert "http://localhost:9: ConnectionRefusedError" in told


@pytest.mark.django_db
def test_vault_that_the_ring_does_not_open_is_found(settings: Any, house_entry: Any) -> None:
    social_apps.seal_stored(house_entry)
    assert seen("vault").outcome == Outcome.OK
    assert "all 0" not in seen("vault").told
    settings.CONSUMER_SITE = settings.CONSUMER_SITE | {"KEY_RING": ["quite another secret, of enough characters"]}
    assert seen("vault").outcome == Outcome.FAIL


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(1, "ok"), (4, "fail")])
def test_receipts_nobody_prunes_are_found(days: int, expected: str) -> None:
    assert seen("pruning").told == "nothing waits"
    LogoutReceipt.objects.create(digest="x", issuer="x", expires_at=timezone.now() - timedelta(days=days))
    assert seen("pruning").outcome == expected


@pytest.mark.django_db
def test_site_whose_address_is_not_known_is_looked_at_from_inside(settings: Any, capsys: Any) -> None:
    settings.CONSUMER_SITE = settings.CONSUMER_SITE | {"SITE_URL": ""}
    told, _status = doctor(capsys)
    assert "its address is not known" in told
    assert "Server" in told


def test_site_that_does_not_answer_is_a_failure(capsys: Any) -> None:
    told, status = doctor(capsys, "http://localhost:9", "--timeout", "2")
    assert status == 1
    assert "reachable" in told


@pytest.mark.parametrize("arguments", [["localhost"], ["http://localhost:9", "--ca", "/nowhere/at/all.pem"]])
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Name the site|no bundle"):
        call_command("consumer_doctor", *arguments)
