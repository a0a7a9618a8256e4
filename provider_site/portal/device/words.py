"""Since when a device asks, in words."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from provider_site.models import DeviceAuthorization


def asked(device: DeviceAuthorization) -> str:
    """Return how long ago a device asked for its code."""
    if timezone.now() - device.created < timedelta(minutes=1):
        return _("less than a minute ago")
    return _("%(time)s ago") % {"time": timesince(device.created, depth=1)}
