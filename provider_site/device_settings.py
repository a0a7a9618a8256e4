"""The settings of devices that are signed in by a code on another screen (RFC 8628)."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from provider_site.settings_reader import SettingsReader


class DeviceSettings(SettingsReader):
    """How long device codes live, how often devices may ask, and how long they stay signed in."""

    @cached_property
    def device_code_lifetime(self) -> timedelta:
        """``DEVICE_CODE_SECONDS``: how long a device and its user code wait for a person; 600 seconds.

        Raises ImproperlyConfigured for anything but a number from 60 to 3600: a code is guessed the more easily the
        longer it lives.
        """
        return timedelta(seconds=self._whole("DEVICE_CODE_SECONDS", 600, least=60, most=3600))

    @cached_property
    def device_poll_interval(self) -> int:
        """``DEVICE_POLL_SECONDS``: how long a device waits between two polls at first; 5 seconds.

        Each poll that comes earlier adds five more (RFC 8628 3.5).

        Raises ImproperlyConfigured for anything but a number from 1 to 60.
        """
        return self._whole("DEVICE_POLL_SECONDS", 5, least=1, most=60)

    @cached_property
    def device_session_lifetime(self) -> timedelta:
        """``DEVICE_SESSION_DAYS``: how long a device stays signed in at most, whatever the browser's session; 365 days.

        What it may renew while the person is away (``offline_access``) goes on until the consent ends.

        Raises ImproperlyConfigured for anything but a number from 1 to 3650.
        """
        return timedelta(days=self._whole("DEVICE_SESSION_DAYS", 365, least=1, most=3650))

    @cached_property
    def max_open_device_codes(self) -> int:
        """``MAX_OPEN_DEVICE_CODES``: how many codes of one application may wait for people at once; 1000.

        Each open code is one more that a guess may hit, of the 25.6 billion there are.

        Raises ImproperlyConfigured for anything but a number from 1 to 100000.
        """
        return self._whole("MAX_OPEN_DEVICE_CODES", 1000, least=1, most=100_000)
