"""Drive stock DOT's device grant: a device that polls, and a person at DOT's pages."""

import secrets
from typing import Any

from django.test import Client
from oauth2_provider.models import (
    DeviceCodeResponse,
    DeviceRequest,
    create_device_grant,
    get_device_grant_model,
)
from oauth2_provider.utils import user_code_generator

from tests.defects.stock.driver import StockDriver

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "openid nickname"


class StockDevice(StockDriver):
    """One device at stock DOT, and the browser of the person who sits before it."""

    def __init__(self, user: Any = None, **fields: Any) -> None:
        super().__init__(user, **({"authorization_grant_type": GRANT, "redirect_uris": ""} | fields))
        self.grant: Any = None

    def begin(self) -> Any:
        """Store the codes, as DOT's endpoint does where it gets that far."""
        codes = DeviceCodeResponse("https://x", 1800, user_code_generator(), secrets.token_urlsafe(24), 5)
        self.grant = create_device_grant(DeviceRequest(self.application.client_id, SCOPE), codes)
        return self.grant

    def enter(self, code: str | None = None, *, browser: Client | None = None) -> Any:
        """Type the user code at DOT's page."""
        typed = self.grant.user_code if code is None else code
        return (browser or self.browser).post("/o/device/", {"user_code": typed})

    def confirm(self, entered: Any, *, browser: Client | None = None) -> Any:
        """Press "Accept" on the page that an entered code led to."""
        assert entered.status_code == 302, entered.content.decode()[:2000]
        return (browser or self.browser).post(entered["Location"], {"action": "accept"})

    def decide(self) -> None:
        """Go through all pages."""
        assert self.confirm(self.enter()).status_code == 302

    def poll(self, **changes: Any) -> Any:
        """Ask for tokens; return the answer as it is."""
        fields = {"grant_type": GRANT, "device_code": self.grant.device_code} | changes
        return self.post("/o/token/", **fields)


def stored() -> Any:
    """Return all of DOT's device grants."""
    return get_device_grant_model().objects.all()
