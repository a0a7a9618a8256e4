"""Fill the provider's database through its services and addresses: `python -m benchmarks.provider.seed DIRECTORY`."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import django

from benchmarks import credentials

HOST = "id.example.com"
SCOPE = "openid profile email offline_access"
_MACHINE_SCOPE = "calendar.read"


def _applications() -> dict[str, Any]:
    """Register a machine, a machine with JWTs, two web applications and a resource server; return them by client id."""
    from provider_site.models import ResourceServer  # noqa: PLC0415 - after the settings are there
    from provider_site.services.applications import register_application  # noqa: PLC0415 - the same

    machine = {"authorization_grant_type": "client-credentials", "scopes": {_MACHINE_SCOPE: True}, "redirect_uris": []}
    web = {
        "redirect_uris": [credentials.REDIRECT_URI],
        "scopes": {"openid": True, "profile": False, "email": False, "offline_access": False},
    }
    kinds: dict[str, dict[str, Any]] = {
        credentials.MACHINE: machine,
        credentials.MACHINE_JWT: machine | {"access_token_format": "jwt", "id_token_alg": "ES256"},
        credentials.WEB: web,
        credentials.WEB_ES256: web | {"id_token_alg": "ES256"},
        credentials.RESOURCE_SERVER: machine,
    }
    made = {
        client_id: register_application(
            name=f"Application {client_id}",
            client_id=client_id,
            client_secret=credentials.CLIENT_SECRET,
            owner=_person("owner"),
            status="approved",
            **facts,
        ).application
        for client_id, facts in kinds.items()
    }
    ResourceServer.objects.create(application=made[credentials.RESOURCE_SERVER], scope="profile email")
    return made


def _person(name: str) -> Any:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - after the settings are there
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - the same

    address = f"{name}@example.com"
    user, new = get_user_model()._default_manager.get_or_create(username=name, defaults={"email": address})
    if new:
        EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


class Browser:
    """A signed-in person's browser, and the application it is sent back to."""

    def __init__(self, user: Any) -> None:
        from django.test import Client  # noqa: PLC0415 - after the settings are there

        self.client = Client(headers={"host": HOST, "x-forwarded-proto": "https", "origin": f"https://{HOST}"})
        self.client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    def cookie(self) -> str:
        """Return the session's key."""
        from django.conf import settings  # noqa: PLC0415 - after the settings are there

        return str(self.client.cookies[settings.SESSION_COOKIE_NAME].value)

    def code(self, client_id: str) -> str:
        """Return a code; consent is given at the first."""
        parameters = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": credentials.REDIRECT_URI,
            "scope": SCOPE,
            "state": "state",
            "nonce": "nonce",
            "code_challenge": credentials.CHALLENGE,
            "code_challenge_method": "S256",
        }
        answer = self.client.get("/o/authorize/", parameters)
        if "/o/consent/" in answer.headers.get("Location", ""):
            sent = {"scope": ["profile", "email", "offline_access"], "decision": "allow", "duration": "30"}
            answer = self.client.post(answer.headers["Location"], sent)
            answer = self.client.get(answer.headers["Location"])
        query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        if "code" not in query:
            raise RuntimeError(f"no code: {answer.status_code} {answer.headers} {answer.content[:1000]!r}")
        return query["code"][0]

    def tokens(self, client_id: str) -> dict[str, str]:
        """Return what the token endpoint answers to a code."""
        form = {
            "grant_type": "authorization_code",
            "code": self.code(client_id),
            "redirect_uri": credentials.REDIRECT_URI,
            "code_verifier": credentials.VERIFIER,
            "client_id": client_id,
            "client_secret": credentials.CLIENT_SECRET,
        }
        answer = self.client.post("/o/token/", urlencode(form), content_type="application/x-www-form-urlencoded")
        if answer.status_code != 200:
            raise RuntimeError(f"no tokens: {answer.status_code} {answer.content[:1000]!r}")
        body: dict[str, str] = answer.json()
        return body


def main(directory: Path) -> None:
    """Make the rows; write what scenarios send into `directory`, one value a line."""
    django.setup()
    from provider_site.services import keys  # noqa: PLC0415 - after the settings are there

    keys.make_first_keys()
    _applications()
    browsers = [Browser(_person(f"user{number}")) for number in range(credentials.PEOPLE)]
    for browser in browsers:
        browser.code(credentials.WEB_ES256)
    bought = [
        browsers[number % len(browsers)].tokens(credentials.WEB)
        for number in range(credentials.ACCESS_TOKENS + credentials.REFRESH_TOKENS)
    ]
    directory.mkdir(parents=True, exist_ok=True)
    read, renewed = bought[: credentials.ACCESS_TOKENS], bought[credentials.ACCESS_TOKENS :]
    values = {
        "cookie": [browser.cookie() for browser in browsers],
        "at": [tokens["access_token"] for tokens in read],
        "rt": [tokens["refresh_token"] for tokens in renewed],
    }
    for name, lines in values.items():
        (directory / f"{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
