"""Make the rows most tests begin with, through the same services the project uses."""

import io
import itertools
from typing import Any

from django.contrib.auth import get_user_model

PASSWORD = "correct horse battery staple"
CALLBACK = "https://app.example.com/callback"

_numbers = itertools.count(1)


def make_user(username: str = "", *, password: str = PASSWORD, **fields: Any) -> Any:
    """Create an active user whose password is `password`."""
    username = username or f"person{next(_numbers)}"
    fields.setdefault("email", f"{username}@example.com")
    return get_user_model()._default_manager.create_user(username=username, password=password, **fields)


def make_staff(username: str = "", *, password: str = PASSWORD, **fields: Any) -> Any:
    """Create a superuser, who may use all of the admin."""
    return make_user(username, password=password, is_staff=True, is_superuser=True, **fields)


def make_application(owner: Any = None, **overrides: Any) -> Any:
    """Register an approved confidential application; return it with its secret, which exists only here.

    The result is provider_site's RegisteredApplication: `.application` and `.client_secret`.
    """
    from provider_site.services.applications import register_application

    facts: dict[str, Any] = {
        "name": f"Application {next(_numbers)}",
        "owner": owner or make_user(),
        "redirect_uris": [CALLBACK],
        "scopes": {"openid": True, "nickname": False, "avatar": False, "offline_access": False},
        "status": "approved",
    }
    return register_application(**(facts | overrides))


def make_resource_server(*, identifier: str = "", scope: str = "", **fields: Any) -> Any:
    """Register an application that may ask about tokens of these scopes or for this resource; as `make_application`."""
    from provider_site.models import ResourceServer

    choices = {name: fields.pop(name) for name in ("refresh_tokens",) if name in fields}
    registered = make_application(**fields)
    ResourceServer.objects.create(application=registered.application, identifier=identifier, scope=scope, **choices)
    return registered


def make_draft(owner: Any = None, **overrides: Any) -> Any:
    """Register a draft with everything a reviewer asks for; otherwise as `make_application`."""
    facts: dict[str, Any] = {
        "status": "draft",
        "description": "Shows your days.",
        "homepage_url": "https://app.example.com/",
        "privacy_policy_url": "https://app.example.com/privacy",
        "scopes": {"openid": True},
    }
    return make_application(owner, **(facts | overrides))


def make_picture() -> Any:
    """Return an uploaded PNG of a few pixels."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    output = io.BytesIO()
    Image.new("RGB", (8, 8), "#cfe3ff").save(output, "PNG")
    return SimpleUploadedFile("picture.png", output.getvalue(), content_type="image/png")
