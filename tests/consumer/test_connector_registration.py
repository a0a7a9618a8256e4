"""Our connectors are the ones that sign people in, also in a project that installs allauth's of the same ids."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers import ProviderRegistry

from consumer_site import probing
from consumer_site.connectors.github.provider import GitHubProvider
from consumer_site.connectors.weixin.provider import WeixinProvider
from consumer_site.vault import connection_for

ALLAUTHS = ["allauth.socialaccount.providers.github", "allauth.socialaccount.providers.weixin"]
OURS = {
    "github": {"provider_class": "consumer_site.connectors.github.provider.GitHubProvider"},
    "weixin": {"provider_class": "consumer_site.connectors.weixin.provider.WeixinProvider"},
}


def loaded() -> dict[str, type]:
    registry = ProviderRegistry()
    registry.load()
    return {name: registry.get_class(name) for name in OURS}


@pytest.mark.parametrize("ours_last", [True, False])
def test_provider_class_names_ours_whatever_the_order(settings: Any, ours_last: bool) -> None:
    rest = [name for name in settings.INSTALLED_APPS if name != "consumer_site"]
    settings.SOCIALACCOUNT_PROVIDERS = OURS
    settings.INSTALLED_APPS = [*ALLAUTHS, "consumer_site", *rest] if ours_last else ["consumer_site", *rest, *ALLAUTHS]
    assert loaded() == {"github": GitHubProvider, "weixin": WeixinProvider}


def test_without_it_the_last_one_installed_wins_and_nothing_breaks(settings: Any) -> None:
    rest = [name for name in settings.INSTALLED_APPS if name != "consumer_site"]
    settings.INSTALLED_APPS = [*ALLAUTHS, "consumer_site", *rest]
    assert loaded() == {"github": GitHubProvider, "weixin": WeixinProvider}
    settings.INSTALLED_APPS = ["consumer_site", *rest, *ALLAUTHS]
    assert [cls.__module__.split(".")[0] for cls in loaded().values()] == ["allauth", "allauth"]


@pytest.mark.parametrize("provider", ["qq", "weixin", "github"])
def test_each_connector_has_told_the_vault_and_the_test_button(provider: str) -> None:
    connection = connection_for(SocialAccount(provider=provider, uid="x"))
    assert connection.refresh is not None
    assert probing.probe_for(provider) is not None
