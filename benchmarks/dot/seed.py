"""Fill the database of stock django-oauth-toolkit by its models: `python -m benchmarks.dot.seed DIRECTORY`."""

import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

from benchmarks import credentials

SCOPE = "openid profile email"


def _application(client_id: str, user: Any, **facts: Any) -> Any:
    """Create an application whose secret is kept as it is (DOT's own choice of that) and that asks for no consent."""
    from oauth2_provider.models import get_application_model  # noqa: PLC0415 - after the settings are there

    return get_application_model().objects.create(
        client_id=client_id,
        client_secret=credentials.CLIENT_SECRET,
        hash_client_secret=False,
        client_type="confidential",
        name=client_id,
        user=user,
        skip_authorization=True,
        **facts,
    )


def _tokens(application: Any, user: Any) -> tuple[str, str]:
    """Store an access token and a refresh token as DOT's validator does; return both."""
    from django.utils import timezone  # noqa: PLC0415 - after the settings are there
    from oauth2_provider.models import AccessToken, RefreshToken  # noqa: PLC0415 - the same

    access, refresh = secrets.token_urlsafe(22), secrets.token_urlsafe(22)
    expires = timezone.now() + timedelta(days=1)
    row = AccessToken.objects.create(user=user, application=application, token=access, scope=SCOPE, expires=expires)
    RefreshToken.objects.create(user=user, application=application, token=refresh, access_token=row)
    return access, refresh


def main(directory: Path) -> None:
    """Make the rows; write what scenarios send into `directory`, one value a line."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the settings are there
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - the same
    from django.test import Client  # noqa: PLC0415 - the same

    people = [
        get_user_model()._default_manager.create(username=f"user{number}", email=f"user{number}@example.com")
        for number in range(credentials.PEOPLE)
    ]
    _application(credentials.MACHINE, people[0], authorization_grant_type="client-credentials")
    web = _application(
        credentials.WEB,
        people[0],
        authorization_grant_type="authorization-code",
        redirect_uris=credentials.REDIRECT_URI,
        algorithm="RS256",
    )
    cookies = []
    for user in people:
        browser = Client()
        browser.force_login(user)
        cookies.append(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    read = [_tokens(web, people[number % len(people)])[0] for number in range(credentials.ACCESS_TOKENS)]
    renewed = [_tokens(web, people[number % len(people)])[1] for number in range(credentials.REFRESH_TOKENS)]
    directory.mkdir(parents=True, exist_ok=True)
    for name, lines in {"cookie": cookies, "at": read, "rt": renewed}.items():
        (directory / f"{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
