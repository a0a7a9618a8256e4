"""Settings to paste: texts for one application, with every value escaped for the language around it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from provider_site.conf import provider_settings
from provider_site.policy.scopes import in_order
from provider_site.services import own_endpoints

# Where allauth is asked to be: its own default prefix, under the address of its tutorial.
_ALLAUTH_CALLBACK = re.compile(r"/oidc/(?P<provider_id>[^/?#]+)/login/callback/\Z")
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Client:
    """What a client's settings say of an application; never its secret."""

    name: str
    client_id: str
    is_confidential: bool
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    homepage_url: str = ""

    @property
    def provider_id(self) -> str:
        """What the client calls this provider: as a registered address of allauth's has it, or by the host's name."""
        for uri in self.redirect_uris:
            if found := _ALLAUTH_CALLBACK.search(uri):
                return found["provider_id"]
        return re.sub(r"[^a-z0-9]+", "-", (urlsplit(provider_settings.issuer).hostname or "").lower()).strip("-")

    @property
    def secret_variable(self) -> str:
        """The environment variable the client's secret is read from."""
        name = re.sub(r"[^A-Z0-9]+", "_", self.provider_id.upper()).strip("_")
        return f"{name}_CLIENT_SECRET" if name[:1].isalpha() else f"OAUTH_{name}_CLIENT_SECRET"

    @property
    def scope(self) -> str:
        """Every registered scope, as the wire has it."""
        return " ".join(self.scopes)

    @property
    def redirect_uri(self) -> str:
        """The first registered redirect URI."""
        return self.redirect_uris[0] if self.redirect_uris else "https://app.example.com/callback"


def client_of(*, application: Any) -> Client:
    """Return what the settings of an application's client have to say."""
    return Client(
        name=application.name,
        client_id=application.client_id,
        is_confidential=application.client_type == "confidential",
        redirect_uris=tuple(application.redirect_uris.split()),
        scopes=tuple(in_order(application.registered_scopes.values_list("scope", flat=True))),
        homepage_url=application.registration.homepage_url,
    )


def python(value: str | Sequence[str]) -> str:
    """Return a text or a list of texts as Python source that means exactly that, whatever is in it."""
    if not isinstance(value, str):
        return f"[{', '.join(python(one) for one in value)}]"
    # What can't be seen (controls, marks that turn the direction of text) is escaped: code has to mean what it shows.
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)


def shell(value: str) -> str:
    """Return a text as one word of a POSIX shell that means exactly that, whatever is in it."""
    return shlex.quote(value)


# --- django-allauth -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AllauthAddress:
    """The redirect URI that allauth answers at, and whether the application has registered it."""

    uri: str
    registered: bool


def allauth_address(client: Client) -> AllauthAddress:
    """Return the redirect URI allauth will send, as far as that can be known from here."""
    for uri in client.redirect_uris:
        if _ALLAUTH_CALLBACK.search(uri):
            return AllauthAddress(uri, registered=True)
    path = f"/accounts/oidc/{client.provider_id}/login/callback/"
    origins = [urlsplit(uri) for uri in (client.homepage_url, *client.redirect_uris)]
    web = [
        f"{parts.scheme}://{parts.netloc}" for parts in origins if parts.scheme in {"https", "http"} and parts.netloc
    ]
    return AllauthAddress((web[0] if web else "https://app.example.com") + path, registered=False)


def allauth(client: Client) -> str:
    """Return settings for django-allauth's ``openid_connect`` provider."""
    secret = f"os.environ[{python(client.secret_variable)}]" if client.is_confidential else '""'
    lines = [
        "import os\n\n" if client.is_confidential else "",
        "INSTALLED_APPS += [\n",
        '    "allauth",\n',
        '    "allauth.account",\n',
        '    "allauth.socialaccount",\n',
        '    "allauth.socialaccount.providers.openid_connect",\n',
        "]\n\n",
        "SOCIALACCOUNT_PROVIDERS = {\n",
        '    "openid_connect": {\n',
        '        "APPS": [\n',
        "            {\n",
        f'                "provider_id": {python(client.provider_id)},\n',
        f'                "name": {python(provider_settings.site_name)},\n',
        f'                "client_id": {python(client.client_id)},\n',
        f'                "secret": {secret},\n',
        '                "settings": {\n',
        f'                    "server_url": {python(provider_settings.issuer)},\n',
        '                    "oauth_pkce_enabled": True,\n',
        f'                    "scope": {python(client.scopes)},\n',
        "                },\n",
        "            },\n",
        "        ],\n",
        "    },\n",
        "}\n",
    ]
    return "".join(lines)


# --- Authlib ------------------------------------------------------------------------------------------------------


def authlib(client: Client) -> str:
    """Return a registration for Authlib's Django client, with the two views around it."""
    name = python(client.provider_id)
    secret = f"    client_secret=os.environ[{python(client.secret_variable)}],\n" if client.is_confidential else ""
    method = "" if client.is_confidential else '        "token_endpoint_auth_method": "none",\n'
    return (
        ("import os\n\n" if client.is_confidential else "")
        + "from authlib.integrations.django_client import OAuth\n"
        + "from django.http import JsonResponse\n\n"
        + "oauth = OAuth()\n"
        + "oauth.register(\n"
        + f"    name={name},\n"
        + f"    client_id={python(client.client_id)},\n"
        + secret
        + f"    server_metadata_url={python(provider_settings.issuer + _DISCOVERY)},\n"
        + "    client_kwargs={\n"
        + f'        "scope": {python(client.scope)},\n'
        + '        "code_challenge_method": "S256",\n'
        + method
        + "    },\n"
        + ")\n\n\n"
        + "def sign_in(request):\n"
        + f"    return oauth.create_client({name}).authorize_redirect(request, {python(client.redirect_uri)})\n\n\n"
        + "def callback(request):\n"
        + f"    provider = oauth.create_client({name})\n"
        + "    token = provider.authorize_access_token(request)\n"
        + "    person = provider.userinfo(token=token)\n"
        + '    request.session["person"] = dict(person)  # person["sub"] is who it is, for ever\n'
        + '    return JsonResponse({"signed_in_as": person["sub"]})\n'
    )


# --- curl ---------------------------------------------------------------------------------------------------------


def curl_begin(client: Client) -> str:
    """Return commands that read the metadata, make a verifier and print the address to open in a browser."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": client.scope,
            "code_challenge_method": "S256",
        }
    )
    return (
        f"curl -sS {shell(provider_settings.issuer + _DISCOVERY)}\n\n"
        "STATE=$(openssl rand -hex 16)\n"
        "VERIFIER=$(openssl rand -hex 32)\n"
        'CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A)\n'
        'CHALLENGE=$(printf %s "$CHALLENGE" | tr "+/" "-_" | tr -d "=")\n'
        f"echo {shell(own_endpoints.address('authorize') + '?' + query)}"
        '"&state=$STATE&code_challenge=$CHALLENGE"\n'
    )


def curl_exchange(client: Client) -> str:
    """Return the command that exchanges the code."""
    return token_request(
        client,
        '  --data-urlencode "code=${CODE:?paste the code}" \\\n'
        '  --data-urlencode "code_verifier=$VERIFIER" \\\n'
        f"  --data-urlencode {shell('redirect_uri=' + client.redirect_uri)}",
        grant_type="authorization_code",
    )


def curl_refresh(client: Client) -> str:
    """Return the command that renews the tokens."""
    return token_request(
        client,
        '  --data-urlencode "refresh_token=${REFRESH_TOKEN:?paste the refresh token}"',
        grant_type="refresh_token",
    )


def curl_machine(client: Client) -> str:
    """Return the command that gets a token without a person."""
    return token_request(
        client, f"  --data-urlencode {shell('scope=' + client.scope)}", grant_type="client_credentials"
    )


def curl_userinfo() -> str:
    """Return the command that asks who the person is."""
    return (
        f"curl -sS {shell(own_endpoints.address('user-info'))} \\\n"
        '  --header "Authorization: Bearer ${ACCESS_TOKEN:?paste the access token}"\n'
    )


def token_request(client: Client, rest: str, *, grant_type: str) -> str:
    """Return a command that asks the token endpoint as this client; ``rest`` are its further lines."""
    if client.is_confidential:
        # RFC 6749 2.3.1: the ID is form-urlencoded before it goes into the header. The secret is letters and digits.
        missing = "put the secret into this variable first"
        proof = f'  --user {shell(quote_plus(client.client_id) + ":")}"${{{client.secret_variable}:?{missing}}}" \\\n'
    else:
        proof = f"  --data-urlencode {shell('client_id=' + client.client_id)} \\\n"
    return f"curl -sS {shell(own_endpoints.address('token'))} \\\n{proof}  --data grant_type={grant_type} \\\n{rest}\n"
