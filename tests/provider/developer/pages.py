"""The forms of the developer pages, as a browser sends them."""

import re
from typing import Any

from django.test import Client

NEW = "/o/developer/new/"


def hidden(page: Any, name: str) -> str:
    """Return the value of a hidden input of the page."""
    for tag in re.findall(r"<input [^>]*>", page.content.decode()):
        if f'name="{name}"' in tag and 'type="hidden"' in tag:
            return re.search(r'value="([^"]*)"', tag)[1]  # type: ignore[index]  # a hidden input has a value
    raise AssertionError(f"the page has no hidden {name}")


def facts(**changes: Any) -> dict[str, Any]:
    """Return the form's fields, filled in well; a value of None leaves the field out."""
    filled = {
        "name": "Timetable",
        "description": "Shows the day's trains.",
        "homepage_url": "https://app.example.com/",
        "privacy_policy_url": "https://app.example.com/privacy",
        "client_type": "confidential",
        "redirect_uris": "https://app.example.com/callback",
        "wish:openid": "required",
        "wish:nickname": "optional",
        "why:nickname": "To greet people.",
    } | changes
    return {name: value for name, value in filled.items() if value is not None}


def register(client: Client, **changes: Any) -> Any:
    """Open the form, send it filled in; return the answer."""
    return client.post(NEW, facts(once=hidden(client.get(NEW), "once")) | facts(**changes))


def change(client: Client, application: Any, **changes: Any) -> Any:
    """Open the form of an application, send it filled in; return the answer."""
    address = f"/o/developer/{application.pk}/edit/"
    return client.post(address, facts(client_type=None, seen=hidden(client.get(address), "seen")) | changes)
