"""Rate limits: how they are written, how they are counted, and what happens without the cache."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured

from provider_site import rates
from provider_site.conf import ProviderSettings
from provider_site.policy import networks
from provider_site.services import limits


class Clock:
    """A clock that goes when it is told to."""

    now = 1_000_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock.time)
    yield clock
    limits.forget()


def limit_to(settings: Any, **limits_by_name: str | None) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"RATE_LIMITS": limits_by_name}


@pytest.mark.parametrize(
    ("text", "rate"),
    [("5/s", (5, 1)), ("600/m", (600, 60)), ("30/10m", (30, 600)), ("2/h", (2, 3600)), ("1/d", (1, 86400))],
)
def test_rates_are_read(text: str, rate: tuple[int, int]) -> None:
    assert rates.parse(text) == rates.Rate(*rate)


@pytest.mark.parametrize("text", ["", "5", "0/m", "5/w", "5/2d", "-1/m", "5 / m", "5/m\n", "٥/m"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"600/m|longer than a day"):
        rates.parse(text)


@pytest.mark.parametrize("value", [{"tokens": "5/m"}, {"token": "5"}, {"token": 5}, ["token"], {"consent": ""}])
def test_unfit_settings_are_refused(settings: Any, value: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"RATE_LIMITS": value}
    with pytest.raises(ImproperlyConfigured, match="RATE_LIMITS"):
        ProviderSettings().rate_limits  # noqa: B018 - reading it is what raises


def test_what_is_not_named_keeps_its_default_and_none_is_no_limit(settings: Any) -> None:
    limit_to(settings, token=None)
    found = ProviderSettings().rate_limits
    assert found["token"] is None
    assert found["consent"] == rates.Rate(60, 3600)
    assert all(limits.spend("token", "client") == 0 for _one in range(10_000))


@pytest.mark.parametrize("number", [1, 3, 64, 200, 1000])
def test_exactly_the_limit_is_let_through_and_the_wait_ends_with_the_time(
    settings: Any, clock: Clock, number: int
) -> None:
    limit_to(settings, token=f"{number}/m")
    answers = [limits.spend("token", "client") for _one in range(number + 5)]
    assert [bool(wait) for wait in answers] == [False] * number + [True] * 5
    assert 1 <= answers[-1] <= 60
    assert limits.waiting("token", "client") == answers[-1]
    clock.now += answers[-1]
    assert limits.waiting("token", "client") == 0
    assert limits.spend("token", "client") == 0


def test_each_is_counted_alone(settings: Any, clock: Clock) -> None:
    limit_to(settings, token="1/m", consent="1/m")
    assert limits.spend("token", "one") == 0
    assert limits.spend("token", "other") == 0
    assert limits.spend("consent", "one") == 0
    assert limits.spend("token", "one") > 0
    # Two names are not one name with what joins them in between.
    assert limits.spend("token", "a", "b") == limits.spend("token", "a b") == 0


def test_processes_share_what_is_let_through(settings: Any, clock: Clock) -> None:
    limit_to(settings, token="640/m")
    through = 0
    for _process in range(20):  # each begins with nothing in memory, and the cache of all
        limits.forget()
        while limits.spend("token", "client") == 0:
            through += 1
            if through % 50 == 0:
                break  # it dies with a part of its portion
    assert 640 - 20 * 10 <= through <= 640


def test_most_requests_ask_no_cache(settings: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_to(settings, token="6400/m")
    asked, incr = [], caches["default"].incr
    monkeypatch.setattr(type(caches["default"]), "incr", lambda _self, *args: asked.append(args) or incr(*args))
    for _one in range(1000):
        limits.spend("token", "client")
    assert len(asked) == 10


def test_without_the_cache_each_process_counts_and_the_log_says_so_once(
    settings: Any, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    limit_to(settings, consent="3/m")
    assert [bool(limits.spend("consent", "somebody")) for _one in range(5)] == [False] * 3 + [True] * 2
    assert [record.getMessage() for record in caplog.records if record.name == "provider_site.limits"] == [
        "rate limits are counted by each process for itself: ConnectionError"
    ]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", 0, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", 1, "203.0.113.5"),
        ("192.0.2.1", "1.1.1.1, 203.0.113.5", 1, "203.0.113.5"),
        ("192.0.2.1", "1.1.1.1, 203.0.113.5, 192.0.2.9", 2, "203.0.113.5"),
        ("192.0.2.1", "203.0.113.5", 2, "192.0.2.1"),
        ("192.0.2.1", "", 1, "192.0.2.1"),
        ("", "", 0, None),
        ("unix:", "", 0, None),
        ("192.0.2.1", "nonsense", 1, None),
        ("192.0.2.1", "203.0.113.5:4711", 1, "203.0.113.5"),
        ("192.0.2.1", "[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
    ],
)
def test_addresses_are_believed_as_far_as_proxies_are_trusted(
    peer: str, forwarded: str, trusted: int, address: str | None
) -> None:
    assert networks.client_address(peer=peer, forwarded=forwarded, trusted_proxies=trusted) == address
