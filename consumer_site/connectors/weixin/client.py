"""Speak to WeChat over HTTP, quirks included; decide nothing about accounts.

Source: developers.weixin.qq.com, website sign-in and web page authorization. WeChat knows neither PKCE nor nonce, and
takes its secrets in the query of a GET: no address of these requests may reach a log or an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings
from consumer_site.connectors.weixin import answers, codes
from consumer_site.connectors.weixin.errors import NoIdentity, OutOfOrder, SnapshotOnly
from consumer_site.connectors.weixin.profile import Profile, profile_from
from consumer_site.errors import AnswerInvalid, CodeRefused, StateLost
from consumer_site.provider_calls import TOKEN, as_identifier, as_word, fetch, quoted

OPEN_URL = "https://open.weixin.qq.com"
API_URL = "https://api.weixin.qq.com"
_MAX_CODE = 1024


def open_url_of(app_id: str) -> str:
    """Return where people authorize this very app id: at WeChat, unless the settings name an emulator for it."""
    return consumer_settings.WEIXIN_BASE_URLS.get(app_id, OPEN_URL)


def api_url_of(app_id: str) -> str:
    """Return where the API of this very app id is."""
    return consumer_settings.WEIXIN_BASE_URLS.get(app_id, API_URL)


class WeixinClient(OAuth2Client):
    """The requests of one sign-in. Every failure is a SignInError."""

    @property
    def api_url(self) -> str:
        """Return where the API of this app is."""
        return api_url_of(self.consumer_key)

    def get_redirect_url(self, authorization_url: str, scope: Iterable[str], extra_params: Mapping[str, str]) -> str:
        """Return the address of WeChat's authorization page, in the one order of parameters that it documents."""
        if not self.state:
            raise StateLost("a WeChat sign-in was begun without state")
        own = {
            "appid": self.consumer_key,
            "redirect_uri": self.callback_url,
            "response_type": "code",
            "scope": self.scope_delimiter.join(dict.fromkeys(scope)),
            "state": self.state,
        }
        # A setting may add a parameter, never replace one that protects the sign-in.
        more = {name: value for name, value in extra_params.items() if name not in own}
        return f"{authorization_url}?{urlencode({**own, **more})}#wechat_redirect"

    @sensitive_variables()
    def get_access_token(
        self, code: str | None, pkce_code_verifier: str | None = None, extra_data: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """Exchange the authorization code; return ``access_token`` and ``openid`` with what else WeChat sent."""
        # WeChat would ignore a PKCE verifier: to take one silently would be to promise a protection that isn't there.
        del pkce_code_verifier
        if not code or len(code) > _MAX_CODE:
            raise CodeRefused("WeChat's callback carried no usable code")
        fields = self._get(
            "token",
            "access_token",
            {
                **(extra_data or {}),
                "appid": self.consumer_key,
                "secret": self.consumer_secret,
                "code": code,
                "grant_type": "authorization_code",
            },
        )
        # Such an account is made up for the page, and so is its openid.
        if as_word(fields.get("is_snapshotuser")) not in {"", "0"} or fields.get("is_snapshotuser") is True:
            raise SnapshotOnly("WeChat answered with a virtual account: is_snapshotuser")
        return _checked(fields, step="token")

    @sensitive_variables()
    def refresh(self, refresh_token: str) -> dict[str, object]:
        """Return new tokens with their ``openid``; WeChat asks for no secret here."""
        params = {"appid": self.consumer_key, "grant_type": "refresh_token", "refresh_token": refresh_token}
        return _checked(self._get("refresh", "refresh_token", params), step="refresh")

    @sensitive_variables()
    def get_profile(self, access_token: str, openid: str) -> Profile:
        """Return nickname, picture and unionid; raise when the answer is about anybody else than `openid`."""
        fields = self._ask("profile", f"{self.api_url}/sns/userinfo", {"access_token": access_token, "openid": openid})
        return read_profile(fields, openid=openid, base_url=self.api_url)

    @sensitive_variables()
    def _get(self, step: str, name: str, params: dict[str, str]) -> dict[str, object]:
        return self._ask(step, f"{self.api_url}/sns/oauth2/{name}", params)

    @sensitive_variables()
    def _ask(self, step: str, url: str, params: dict[str, str]) -> dict[str, object]:
        status, body = fetch("WeChat", step, "GET", url, params=params)
        return read_answer(step, status, body, sent=params.values())


@sensitive_variables()
def read_answer(step: str, status: int, body: bytes, *, sent: Iterable[str] = ()) -> dict[str, object]:
    """Return the fields of an answer that reports no error; raise what it reports. `sent` is not to be quoted."""
    try:
        fields = answers.parse(body)
    except answers.Unreadable:
        fields = None
    # WeChat's own code says more than an HTTP status; it is looked for first.
    error = answers.error_of(fields) if fields else None
    if error:
        raise codes.refusal(error[0], step=step, quoted=quoted(error[1], sent))
    if status != 200:
        raise OutOfOrder(f"WeChat answered HTTP {status} at the {step} step, without an error code")
    if fields is None:
        raise AnswerInvalid(f"WeChat's answer at the {step} step is no JSON object: {len(body)} bytes")
    return fields


def read_profile(fields: dict[str, object], *, openid: str, base_url: str) -> Profile:
    """Return nickname, picture and unionid; raise NoIdentity when they are anybody else's than `openid`'s."""
    if as_identifier(fields.get("openid")) != openid:
        raise NoIdentity("WeChat's token answer and its profile name different openids")
    return profile_from(fields, base_url=base_url)


@sensitive_variables()
def _checked(fields: dict[str, object], *, step: str) -> dict[str, object]:
    """Return a token answer that names a token and a person beyond doubt."""
    token = fields.get("access_token")
    if not isinstance(token, str) or not TOKEN.match(token):
        raise AnswerInvalid(f"WeChat's answer at the {step} step holds no usable access_token")
    if not as_identifier(fields.get("openid")):
        raise NoIdentity(f"WeChat's answer at the {step} step holds no usable openid")
    return fields
