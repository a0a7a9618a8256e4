"""Choose the app that signs a browser in: the website's, or inside WeChat the official account's.

Both are SocialApps of the provider "weixin"; the second has ``{"inside": true}`` in its settings. One button serves
both, for nobody knows which of the two they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import get_adapter

from consumer_site.connectors.weixin.errors import NoSingleApp, OnlyInside

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialAccount, SocialApp
    from django.http import HttpRequest

PROVIDER_ID = "weixin"


def is_inside(request: HttpRequest | None) -> bool:
    """Return whether this is WeChat's own browser. WeCom's, which calls itself WeChat's too, signs nobody in here."""
    agent = request.headers.get("User-Agent", "").lower() if request is not None else ""
    return "micromessenger" in agent and "wxwork" not in agent


def is_inside_app(app: SocialApp) -> bool:
    """Return whether an app is the one for WeChat's own browser.

    allauth's connector had an address for all of its apps instead: a site that has set it keeps what it had.
    """
    chosen = app.settings.get("inside")
    if isinstance(chosen, bool):
        return chosen
    address = app_settings.PROVIDERS.get(PROVIDER_ID, {}).get("AUTHORIZE_URL", "")
    return "/oauth2/authorize" in str(address)


def all_apps(request: HttpRequest | None) -> list[SocialApp]:
    """Return the configured apps. Those inside WeChat are often hidden, to keep them from having a button."""
    apps: list[SocialApp] = get_adapter(request).list_apps(request, provider=PROVIDER_ID)
    return [
        app for app in apps if app.provider == PROVIDER_ID and (is_inside_app(app) or not app.settings.get("hidden"))
    ]


def app_for(request: HttpRequest, *, client_id: str = "") -> SocialApp:
    """Return the app that signs this browser in, or the one of `client_id`, with which a sign-in was begun.

    Raise NoSingleApp or OnlyInside when there is none. Inside WeChat the website's serves where there is no other.
    """
    apps = all_apps(request)
    if client_id:
        return _only([app for app in apps if app.client_id == client_id], "with which this sign-in was begun")
    within = [app for app in apps if is_inside_app(app)]
    outside = [app for app in apps if not is_inside_app(app)]
    if is_inside(request) and within:
        return _only(within, "for inside WeChat")
    if within and not outside:
        raise OnlyInside("the one WeChat app configured is for inside WeChat")
    return _only(outside, "for websites")


def default_client_id(request: HttpRequest | None) -> str:
    """Return the app of accounts that note none: those that allauth's own connector made, which knew one app alone."""
    apps = all_apps(request)
    outside = [app for app in apps if not is_inside_app(app)]
    return (outside or apps)[0].client_id if apps else ""


def app_of_account(account: SocialAccount) -> SocialApp:
    """Return the app that an account came by; raise NoSingleApp when it is configured no more."""
    data = account.extra_data if isinstance(account.extra_data, dict) else {}
    client_id = str(data.get("appid") or default_client_id(None))
    return _only([app for app in all_apps(None) if app.client_id == client_id], "that this account came by")


def _only(apps: list[SocialApp], which: str) -> SocialApp:
    if len(apps) == 1 and getattr(apps[0], "secret_unreadable", False):
        raise NoSingleApp(f"the secret of the WeChat app {apps[0].client_id} can't be opened: enter it again")
    if len(apps) == 1:
        return apps[0]
    raise NoSingleApp(f"{len(apps)} WeChat apps {which} are configured: there has to be one")
