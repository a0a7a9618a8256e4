"""Try a QQ app's entry for the admin: whether QQ answers, its credentials are right, and QQ takes the callback."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from consumer_site.connectors.qq.client import BASE_URL, QQClient, base_url_of
from consumer_site.errors import CodeRefused, SignInError, Unreachable
from consumer_site.probing import Finding

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp

# QQ looks at the app before the code: with right credentials it is the code that it refuses.
_MADE_UP_CODE = "00000000000000000000000000000000"
_UNKNOWN_APP, _WRONG_KEY, _WRONG_CALLBACK, _NOT_ONLINE = "qq_100008", "qq_100009", "qq_100010", "qq_100011"


@sensitive_variables()
def probe(app: SocialApp, *, callback_url: str) -> tuple[Finding, ...]:
    """Return what was found out, by one request with a made-up code; `app` may not be saved yet."""
    base_url = base_url_of(app.client_id)
    client = QQClient(None, app.client_id, app.secret, "GET", f"{base_url}/oauth2.0/token", callback_url)
    try:
        client.get_access_token(_MADE_UP_CODE)
    except Unreachable as error:
        hint = _("Can this server reach %(url)s?") % {"url": base_url}
        answer: tuple[Finding, ...] = (Finding(False, _("QQ does not answer as it should"), error.detail, hint),)
    except SignInError as error:
        answer = (Finding(True, _("QQ answers"), base_url), _credentials(error))
    else:
        answer = (Finding(None, _("QQ took a made-up code"), base_url, _("This is not the real QQ.")),)
    return (*answer, callback_finding(callback_url, is_real=base_url == BASE_URL))


def _credentials(error: SignInError) -> Finding:
    if isinstance(error, CodeRefused):
        return Finding(
            True, _("APP ID and APP Key are right"), _("It refused the made-up code of this test, as it should.")
        )
    hints = {
        _UNKNOWN_APP: _("Copy the APP ID from the app's page at connect.qq.com: it is a number."),
        _WRONG_KEY: _("Copy the APP Key from the app's page at connect.qq.com again, without blanks around it."),
        _WRONG_CALLBACK: _("Register the callback at connect.qq.com exactly as it is shown here."),
        _NOT_ONLINE: _("Until the review is passed, only the QQ account that registered the app can sign in."),
    }
    if error.code in {_WRONG_CALLBACK, _NOT_ONLINE}:
        title = _("QQ knows the app, and does not let it sign people in yet")
    elif error.code in {_UNKNOWN_APP, _WRONG_KEY}:
        title = _("APP ID or APP Key is wrong")
    else:
        return Finding(None, _("QQ did not say whether APP ID and APP Key are right"), error.detail)
    return Finding(False, title, error.detail, hints[error.code])


def callback_finding(callback_url: str, *, is_real: bool) -> Finding:
    """Return what QQ's registration form would say; an emulator on loopback need not mind."""
    parts = urlsplit(callback_url)
    faults = []
    if parts.scheme != "https":
        faults.append(_("It is not https, so what QQ sends can be read on the way."))
    if ":" in parts.netloc.rpartition("]")[2]:
        faults.append(_("It has a port, which QQ's form does not take."))
    if parts.hostname in {None, "localhost"} or "." not in str(parts.hostname) or str(parts.hostname)[-1:].isdigit():
        faults.append(_("It has no domain name: QQ takes neither localhost nor an IP address."))
    if parts.fragment or "#" in callback_url:
        faults.append(_("It has a #, which QQ does not take."))
    detail = " ".join([callback_url, *faults])
    if not faults:
        return Finding(True, _("QQ can be given this callback"), detail)
    hint = _("Registering it takes a public https address of this site, with an ICP record in the sponsor's name.")
    return Finding(False if is_real else None, _("The real QQ would not take this callback"), detail, hint)
