"""Speak to QQ Connect over HTTP, quirks included; decide nothing about accounts.

Source: wiki.connect.qq.com, website access with Authorization Code, and UnionID. QQ knows neither PKCE nor nonce, and
takes its secrets in the query of a GET: no address of these requests may reach a log or an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings
from consumer_site.connectors.qq import answers, codes
from consumer_site.connectors.qq.errors import NoIdentity, OutOfOrder, WrongApp
from consumer_site.connectors.qq.profile import Profile, profile_from
from consumer_site.errors import AnswerInvalid, CodeRefused, SignInError, StateLost
from consumer_site.provider_calls import TOKEN, as_identifier, as_word, fetch, quoted

BASE_URL = "https://graph.qq.com"

_MAX_CODE = 1024


class Identity(NamedTuple):
    """Who signed in: the openid of this app, and the developer's unionid, or empty when QQ does not grant it."""

    openid: str
    unionid: str


def base_url_of(app_id: str) -> str:
    """Return where this very app id signs in: at QQ, unless the settings name an emulator for it."""
    return consumer_settings.QQ_BASE_URLS.get(app_id, BASE_URL)


class QQClient(OAuth2Client):
    """The requests of one sign-in. Every failure is a SignInError."""

    base_url = BASE_URL

    def get_redirect_url(self, authorization_url: str, scope: Iterable[str], extra_params: Mapping[str, str]) -> str:
        """Return the address of QQ's authorization page; QQ requires ``state``."""
        if not self.state:
            raise StateLost("a QQ sign-in was begun without state")
        # Ours come last: a setting may add a parameter, never replace one that protects the sign-in.
        params = {
            **extra_params,
            "response_type": "code",
            "client_id": self.consumer_key,
            "redirect_uri": self.callback_url,
            "state": self.state,
            "scope": self.scope_delimiter.join(dict.fromkeys(scope)),
        }
        return f"{authorization_url}?{urlencode(params)}"

    @sensitive_variables()
    def get_access_token(
        self, code: str | None, pkce_code_verifier: str | None = None, extra_data: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        """Exchange the authorization code; return ``access_token`` with what else QQ sent."""
        # QQ would ignore a PKCE verifier: to take one silently would be to promise a protection that isn't there.
        del pkce_code_verifier
        if not code or len(code) > _MAX_CODE:
            raise CodeRefused("QQ's callback carried no usable code")
        return self._get_token(
            {
                **(extra_data or {}),
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.callback_url,
                # The openid beside the token: a second witness for whose it is.
                "need_openid": "1",
            }
        )

    @sensitive_variables()
    def refresh(self, refresh_token: str) -> dict[str, object]:
        """Return new tokens; QQ takes a refresh token once, and names the next one in its answer."""
        return self._get_token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    @sensitive_variables()
    def _get_token(self, params: dict[str, str]) -> dict[str, object]:
        own = {"client_id": self.consumer_key, "client_secret": self.consumer_secret, "fmt": "json"}
        fields = self._get("token", self.access_token_url, {**params, **own})
        token = fields.get("access_token")
        if not isinstance(token, str) or not TOKEN.match(token):
            raise AnswerInvalid("QQ's token answer holds no usable access_token")
        return fields

    @sensitive_variables()
    def get_identity(self, access_token: str) -> Identity:
        """Return whose token this is; raise when QQ does not say so beyond doubt.

        The unionid is asked for in the same request. An app without that permission is refused the openid too, so it
        is then asked for alone.
        """
        params = {"access_token": access_token, "fmt": "json"}
        try:
            fields = self._get("openid", f"{self.base_url}/oauth2.0/me", {**params, "unionid": "1"})
        except SignInError as error:
            if error.code != codes.UNIONID_NOT_GRANTED:
                raise
            fields = self._get("openid", f"{self.base_url}/oauth2.0/me", params)
        # A token of another app would sign its user in here (RFC 6749 10.16): whose it is comes before who it is.
        app_id = as_word(fields.get("client_id"))
        if not app_id or app_id != self.consumer_key:
            raise WrongApp(f"QQ's answer to /me is not for our App ID {self.consumer_key}")
        openid = as_identifier(fields.get("openid"))
        if not openid:
            raise NoIdentity("QQ's answer to /me holds no usable openid")
        return Identity(openid=openid, unionid=as_identifier(fields.get("unionid")))

    @sensitive_variables()
    def get_profile(self, access_token: str, openid: str) -> Profile:
        """Return the nickname and picture; QQ reports errors here with HTTP 200 and ``ret``."""
        fields = self._get(
            "profile",
            f"{self.base_url}/user/get_user_info",
            {"access_token": access_token, "oauth_consumer_key": self.consumer_key, "openid": openid},
        )
        return read_profile(fields, base_url=self.base_url)

    @sensitive_variables()
    def _get(self, step: str, url: str, params: dict[str, str]) -> dict[str, object]:
        status, body = fetch("QQ", step, "GET", url, params=params)
        return read_answer(step, status, body, sent=params.values())


@sensitive_variables()
def read_answer(step: str, status: int, body: bytes, *, sent: Iterable[str] = ()) -> dict[str, object]:
    """Return the fields of an answer that reports no error; raise what it reports. `sent` is not to be quoted."""
    try:
        fields = answers.parse(body)
    except answers.Unreadable:
        fields = None
    # QQ's own code says more than an HTTP status or a broken form; it is looked for first.
    error = answers.error_of(fields) if fields else None
    if error:
        raise codes.refusal(error[0], step=step, quoted=quoted(error[1], sent))
    if status != 200:
        raise OutOfOrder(f"QQ answered HTTP {status} at the {step} step, without an error code")
    if fields is None:
        raise AnswerInvalid(f"QQ's answer at the {step} step is no known form: {len(body)} bytes")
    return fields


def read_profile(fields: dict[str, object], *, base_url: str) -> Profile:
    """Return nickname and picture of an answer of get_user_info, which says with ``ret`` that it is one."""
    if as_word(fields.get("ret")) != "0":
        raise AnswerInvalid("QQ's profile answer holds no ret")
    return profile_from(fields, base_url=base_url)
