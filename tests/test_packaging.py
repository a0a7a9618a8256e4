"""The wheel holds both apps whole, nothing else, and asks for no more than each app needs."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import wheels

APPS = ("provider_site", "consumer_site")
PACKAGES = (*APPS, "outbound_http", "keyset_lists", "site_monitoring", "site_doctor")
ONLY_PROVIDER = {"django-oauth-toolkit", "django-tasks", "django-tasks-db"}
ONLY_CONSUMER = {"django-allauth"}
BOTH = {"cryptography", "pillow", "pyjwt", "requests", "urllib3"}


def on_disk(package: str) -> set[str]:
    files = (path for path in (wheels.ROOT / package).rglob("*") if path.is_file())
    return {path.relative_to(wheels.ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


def required(wheel: Path, extra: str) -> set[str]:
    """Return the names of the distributions `extra` adds to the bare wheel's."""
    requirements = [Requirement(text) for text in wheels.metadata(wheel).get_all("Requires-Dist", [])]
    bare = {item.name for item in requirements if item.marker is None}
    asked = {item.name for item in requirements if item.marker is None or item.marker.evaluate({"extra": extra})}
    return {canonicalize_name(name) for name in asked - bare}


def test_wheel_holds_the_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.split("/", 1)[0] for name in wheels.names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_holds_every_file_of_the_package(wheel: Path, package: str) -> None:
    packed = {name for name in wheels.names(wheel) if name.startswith(f"{package}/")}
    assert packed == on_disk(package)


@pytest.mark.parametrize("package", APPS)
@pytest.mark.parametrize(
    ("what", "suffix"),
    [
        ("templates/", ".html"),
        ("static/", ".css"),
        ("locale/zh_Hans/LC_MESSAGES/", "django.po"),
        ("locale/zh_Hans/LC_MESSAGES/", "django.mo"),
        ("migrations/0001", ".py"),
        ("py.typed", ""),
    ],
)
def test_wheel_holds_what_is_not_code(wheel: Path, package: str, what: str, suffix: str) -> None:
    names = wheels.names(wheel)
    assert any(name.startswith(f"{package}/{what}") and name.endswith(suffix) for name in names)


def test_wheel_holds_the_licence(wheel: Path) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheels.names(wheel))


def test_bare_wheel_asks_for_django_alone(wheel: Path) -> None:
    requirements = [Requirement(text) for text in wheels.metadata(wheel).get_all("Requires-Dist", [])]
    assert [canonicalize_name(item.name) for item in requirements if item.marker is None] == ["django"]


def test_neither_extra_asks_for_the_dependencies_of_the_other(wheel: Path) -> None:
    provider, consumer = required(wheel, "provider"), required(wheel, "consumer")
    assert provider >= ONLY_PROVIDER
    assert consumer >= ONLY_CONSUMER
    assert provider & consumer == BOTH
    assert not provider & ONLY_CONSUMER
    assert not consumer & ONLY_PROVIDER


def test_database_and_cache_servers_have_extras(wheel: Path) -> None:
    assert required(wheel, "postgres") == {"psycopg"}
    assert required(wheel, "redis") == {"redis"}


def test_metrics_and_traces_have_extras_and_no_app_asks_for_them(wheel: Path) -> None:
    assert required(wheel, "prometheus") == {"prometheus-client"}
    assert required(wheel, "opentelemetry") == {"opentelemetry-api"}
    assert not (required(wheel, "provider") | required(wheel, "consumer")) & {"prometheus-client", "opentelemetry-api"}


def test_emulators_have_an_extra_that_brings_nothing_along(wheel: Path) -> None:
    assert "sandbox" in wheels.metadata(wheel).get_all("Provides-Extra", [])
    assert required(wheel, "sandbox") == set()
