"""Try a WeChat app's entry for the admin: whether WeChat answers, its credentials are right, and its callback too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.weixin.client import API_URL, WeixinClient, api_url_of
from consumer_site.connectors.weixin.entrances import is_inside_app
from consumer_site.errors import CodeRefused, SignInError, Unreachable
from consumer_site.probing import Finding

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

# WeChat looks at the app before the code: with right credentials it is the code that it refuses.
_MADE_UP_CODE = "000000000000000000000000000000000"
_UNKNOWN_APP = frozenset({"weixin_40013", "weixin_41002"})
_WRONG_SECRET = frozenset({"weixin_40001", "weixin_40125", "weixin_41004"})
_BLOCKED = frozenset({"weixin_40164", "weixin_48001", "weixin_48004", "weixin_89503"})


@sensitive_variables()
def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
    """Return what was found out, by one request with a made-up code; `app` may not be saved yet."""
    api_url = api_url_of(app.client_id)
    client = WeixinClient(None, app.client_id, app.secret, "GET", "", callback_url)
    try:
        client.get_access_token(_MADE_UP_CODE)
    except Unreachable as error:
        hint = _("Can this server reach %(url)s?") % {"url": api_url}
        answer: tuple[Finding, ...] = (Finding(False, _("WeChat does not answer as it should"), error.detail, hint),)
    except SignInError as error:
        answer = (Finding(True, _("WeChat answers"), api_url), _credentials(error))
    else:
        answer = (Finding(None, _("WeChat took a made-up code"), api_url, _("This is not the real WeChat.")),)
    return (*answer, callback_finding(callback_url, is_real=api_url == API_URL), _entrance(app))


def _credentials(error: SignInError) -> Finding:
    if isinstance(error, CodeRefused):
        return Finding(
            True, _("AppID and AppSecret are right"), _("It refused the made-up code of this test, as it should.")
        )
    if error.code in _UNKNOWN_APP:
        hint = _("Copy the AppID from the app's page: it begins with wx.")
        return Finding(False, _("WeChat does not know this AppID"), error.detail, hint)
    if error.code in _WRONG_SECRET:
        hint = _("WeChat shows an AppSecret once. If it is lost, make a new one there and enter it here.")
        return Finding(False, _("The AppSecret is wrong"), error.detail, hint)
    if error.code in _BLOCKED:
        hint = _("See the app's page: is it reviewed and verified, and is this server's address allowed?")
        return Finding(False, _("WeChat knows the app, and does not let it sign people in yet"), error.detail, hint)
    return Finding(None, _("WeChat did not say whether AppID and AppSecret are right"), error.detail)


def callback_finding(callback_url: str, *, is_real: bool) -> Finding:
    """Return what WeChat's form would say, which takes a domain and no more; an emulator need not mind."""
    parts = urlsplit(callback_url)
    faults = []
    if parts.scheme != "https":
        faults.append(_("It is not https, so what WeChat sends can be read on the way."))
    if ":" in parts.netloc.rpartition("]")[2]:
        faults.append(_("It has a port, which WeChat does not take."))
    host = str(parts.hostname or "")
    if "." not in host or host[-1:].isdigit():
        faults.append(_("It has no domain name: WeChat takes neither localhost nor an IP address."))
    detail = " ".join([callback_url, *faults])
    if not faults:
        hint = _("Register the domain alone: %(domain)s") % {"domain": host}
        return Finding(True, _("WeChat can be given this callback's domain"), detail, hint)
    return Finding(False if is_real else None, _("The real WeChat would not take this callback"), detail)


def _entrance(app: SocialApp) -> Finding:
    if is_inside_app(app):
        detail = _("This app signs in people who open the site inside WeChat. It has to be an official account's.")
    else:
        detail = _("This app signs in people who open the site in a browser. It has to be a website app.")
    return Finding(None, _("Where it is used"), detail)
