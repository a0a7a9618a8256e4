from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.pages import page
from consumer_site.sandbox.services import SERVICES, EmulatedService

# What replaces what: the address of the real service, and the name of the view that stands for it.
ADDRESSES: Final = {
    "qq": (
        ("https://graph.qq.com/oauth2.0/authorize", "qq-authorize"),
        ("https://graph.qq.com/oauth2.0/token", "qq-token"),
        ("https://graph.qq.com/oauth2.0/me", "qq-me"),
        ("https://graph.qq.com/user/get_user_info", "qq-profile"),
    ),
    "weixin": (
        ("https://open.weixin.qq.com/connect/qrconnect", "weixin-qrconnect"),
        ("https://open.weixin.qq.com/connect/oauth2/authorize", "weixin-authorize"),
        ("https://api.weixin.qq.com/sns/oauth2/access_token", "weixin-token"),
        ("https://api.weixin.qq.com/sns/oauth2/refresh_token", "weixin-refresh"),
        ("https://api.weixin.qq.com/sns/userinfo", "weixin-profile"),
        ("https://api.weixin.qq.com/sns/auth", "weixin-auth"),
    ),
    "github": (
        ("https://github.com/login/oauth/authorize", "github-authorize"),
        ("https://github.com/login/oauth/access_token", "github-token"),
        ("https://api.github.com/user", "github-user"),
        ("https://api.github.com/user/emails", "github-emails"),
    ),
}


@emulator_view
def index(request: HttpRequest) -> HttpResponse:
    """Say what runs here: which services, under which addresses, with which apps and secrets."""
    sections = [_section(request, service) for service in SERVICES.values()]
    return page(request, None, "index.html", {"sections": sections})


def _section(request: HttpRequest, service: EmulatedService) -> dict[str, Any]:
    return {
        "service": service,
        "apps": [_app(app_id, app) for app_id, app in service.apps().items()],
        "addresses": [
            (real, request.build_absolute_uri(reverse(f"consumer_sandbox:{name}")))
            for real, name in ADDRESSES[service.key]
        ],
    }


def _app(app_id: str, app: Any) -> dict[str, Any]:
    # Under DEBUG alone, and secrets of this emulator alone: whoever sees this page can sign in as anybody anyway.
    domains = getattr(app, "domains", ())
    return {
        "id": app_id,
        "name": app.name,
        "secret": getattr(app, "key", "") or app.secret,
        "callbacks": getattr(app, "callbacks", ()) or domains,
        "callbacks_label": _("Callback domains") if domains else _("Callback addresses"),
    }
