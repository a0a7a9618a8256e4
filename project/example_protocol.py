"""Applications of the demonstration that show the protocol's further parts: a device, and a resource server."""

from __future__ import annotations

from typing import Any

from project.example_applications import SIGNS_IN, Example, is_approved, person
from provider_site.models import ResourceServer
from provider_site.policy import grants
from provider_site.policy.facts import ScopeRequest
from provider_site.services import resource_servers

_CALENDAR = ("calendar.read", "calendar.write")


def _is_a_resource_server(application: Any) -> None:
    """Be approved, and allowed to learn of the tokens for the calendar."""
    is_approved(application)
    identifier = f"https://{application.client_id}.example"
    row = ResourceServer(application=application, identifier=identifier, scope=" ".join(_CALENDAR))
    resource_servers.save(row=row, actor=person("admin"))


PROTOCOL = [
    Example(
        client_id="living-room-tv",
        name="客厅电视 Living-room TV",
        description="在电视上看照片 · Your pictures on the big screen",
        scopes={**SIGNS_IN, "nickname": ScopeRequest(justification="显示在屏幕上。Shown on the screen.")},
        client_type="public",
        grant=grants.DEVICE_CODE,
        logo={"background": "#274690", "figure": "sun"},
        live=is_approved,
    ),
    Example(
        client_id="calendar-api",
        name="日历接口 Calendar API",
        description="保管日程的服务 · The service that keeps the events",
        scopes={},
        grant=grants.CLIENT_CREDENTIALS,
        live=_is_a_resource_server,
        owner="admin",
    ),
]
