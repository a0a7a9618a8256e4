"""Speak to GitHub over HTTP; decide nothing about accounts.

allauth's own client raises what GitHub answered, byte for byte; this one reads it, for GitHub reports errors with HTTP
200 and ``error``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_variables

from consumer_site.conf import consumer_settings
from consumer_site.connectors.github import codes
from consumer_site.connectors.github.errors import AccountSuspended, OutOfOrder, SignInEnded
from consumer_site.errors import AnswerInvalid, CodeRefused, NotConfigured, SignInError, StateLost
from consumer_site.provider_calls import TOKEN, as_code, fetch, quoted

WEB_URL = "https://github.com"
API_URL = "https://api.github.com"
_MAX_CODE = 1024
_MAX_FIELDS = 50
_TOO_MANY = 429


def web_url_of(client_id: str, *, configured: str = "") -> str:
    """Return where this client id signs in: at GitHub, unless a setting names an emulator or an Enterprise Server.

    `configured` is allauth's GITHUB_URL, which is for every client id.
    """
    return consumer_settings.GITHUB_BASE_URLS.get(client_id) or configured.rstrip("/") or WEB_URL


def api_url_of(web_url: str) -> str:
    """Return where the API of a GitHub is."""
    return API_URL if web_url == WEB_URL else f"{web_url}/api/v3"


API_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class GitHubClient(OAuth2Client):
    """The requests of one sign-in. Every failure is a SignInError."""

    def get_redirect_url(self, authorization_url: str, scope: Iterable[str], extra_params: Mapping[str, object]) -> str:
        """Return the address of GitHub's authorization page."""
        if not self.state:
            raise StateLost("a GitHub sign-in was begun without state")
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
        """Exchange the authorization code; return ``access_token`` with what else GitHub sent."""
        if not code or len(code) > _MAX_CODE:
            raise CodeRefused("GitHub's callback carried no usable code")
        data = {**(extra_data or {}), "grant_type": "authorization_code", "code": code}
        if pkce_code_verifier:
            data["code_verifier"] = pkce_code_verifier
        return self._ask_token("token", {**data, "redirect_uri": self.callback_url})

    @sensitive_variables()
    def refresh(self, refresh_token: str) -> dict[str, object]:
        """Return new tokens; GitHub takes a refresh token once, and names the next one in its answer."""
        return self._ask_token("refresh", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    @sensitive_variables()
    def get_json(self, step: str, url: str, access_token: str) -> object:
        """Return what GitHub's API answers; raise what its status says."""
        headers = {"Authorization": f"Bearer {access_token}", **API_HEADERS}
        status, body = fetch("GitHub", step, "GET", url, headers=headers)
        return read_answer(step, status, body)

    @sensitive_variables()
    def _ask_token(self, step: str, data: dict[str, str]) -> dict[str, object]:
        data = {**data, "client_id": self.consumer_key, "client_secret": self.consumer_secret}
        status, body = fetch(
            "GitHub", step, "POST", self.access_token_url, data=data, headers={"Accept": "application/json"}
        )
        if status == 404:
            raise NotConfigured(
                f"GitHub knows no app of this client id: HTTP 404 at the {step} step", code="github_404"
            )
        fields = _fields(body)
        # GitHub's own code says more than an HTTP status; it is looked for first. Compared, not looked up in
        # a set, which takes no list and no object.
        if fields and fields.get("error") not in (None, False, ""):
            text = fields.get("error_description")
            words = quoted(text, data.values()) if isinstance(text, str) else ""
            raise codes.refusal(as_code(fields["error"]), step=step, quoted=words)
        if status != 200:
            raise OutOfOrder(f"GitHub answered HTTP {status} at the {step} step, without an error code")
        token = fields.get("access_token") if fields else None
        if fields is None or not isinstance(token, str) or not TOKEN.match(token):
            raise AnswerInvalid(f"GitHub's answer at the {step} step holds no usable access_token: {len(body)} bytes")
        return fields


def read_answer(step: str, status: int, body: bytes) -> object:
    """Return what GitHub's API answered; raise what its status says."""
    if status != 200:
        raise _refused_by_status(status, body, step=step)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise AnswerInvalid(f"GitHub's answer at the {step} step is no JSON: {len(body)} bytes") from None


def _fields(body: bytes) -> dict[str, object] | None:
    """Return the fields of a token answer: JSON as asked for, or a form, which is what GitHub sends unasked."""
    text = body.decode("utf-8-sig", errors="replace").strip()
    if text.startswith("{"):
        try:
            fields: dict[str, object] = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return fields
    if not text or text[0] in '<["':
        return None
    try:
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return None


def _refused_by_status(status: int, body: bytes, *, step: str) -> SignInError:
    detail = f"GitHub answered HTTP {status} at the {step} step"
    if status == 401:
        return SignInEnded(detail, code="github_401")
    limited = status == _TOO_MANY or b"rate limit" in body.lower()
    if status == 403 and not limited:
        return AccountSuspended(detail, code="github_403")
    return OutOfOrder(f"{detail}{': rate limit' if limited else ''}", code=f"github_{status}")
