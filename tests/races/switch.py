"""Settings of the provider that change between two rounds, so that one fleet serves them all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Race-Settings"

_lock = threading.Lock()


class SwitchMiddleware:
    """Take on what the request's header says, unless the process has it already.

    All that is sent to a process in one round says the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.now = ""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer under the settings asked for."""
        if (wanted := request.headers.get(HEADER)) and wanted != self.now:
            with _lock:
                if wanted != self.now:
                    _take_on(json.loads(wanted))
                    self.now = wanted
        return self.get_response(request)


def _take_on(choices: dict[str, Any]) -> None:
    value = settings.PROVIDER_SITE | choices
    settings.PROVIDER_SITE = value
    setting_changed.send(sender=SwitchMiddleware, setting="PROVIDER_SITE", value=value, enter=True)
