"""The settings of this app: one typed object over ``settings.PROVIDER_SITE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signals import setting_changed
from django.core.validators import validate_email
from django.utils.module_loading import import_string

from provider_site.claim_settings import ClaimSettings
from provider_site.device_settings import DeviceSettings
from provider_site.limit_settings import LimitSettings
from provider_site.monitoring_settings import MonitoringSettings
from provider_site.outbound_settings import OutboundSettings
from provider_site.sign_in_settings import SignInSettings
from provider_site.signing_settings import SigningSettings

KNOWN_KEYS = frozenset(
    {
        "ACCESS_TOKEN_SECONDS",
        "ACR_VALUES",
        "AUDIT_RETENTION_DAYS",
        "AUTHENTICATION_METHODS",
        "AUTHORIZATION_CODE_SECONDS",
        "AUTHORIZATION_REQUEST_SECONDS",
        "AVATAR_MAX_BYTES",
        "CLAIMS",
        "CONSENT_DAYS",
        "CONSENT_ONCE_SECONDS",
        "DEFAULT_CONSENT_DAYS",
        "DEVICE_CODE_SECONDS",
        "DEVICE_POLL_SECONDS",
        "DEVICE_SESSION_DAYS",
        "EMAIL_VERIFIED",
        "FAST_LANE",
        "ID_TOKEN_SECONDS",
        "ISSUER",
        "JWKS_CACHE_SECONDS",
        "KEY_KEPT_DAYS",
        "KEY_RING",
        "KEY_ROTATION_DAYS",
        "LIMITS_CACHE",
        "MAX_APPLICATIONS",
        "MAX_CONSENT_DAYS",
        "MAX_OPEN_DEVICE_CODES",
        "MAX_QUEUE_SECONDS",
        "METRICS",
        "MONITORING_TOKEN",
        "NICKNAME_MAX_LENGTH",
        "OUTBOUND_ALLOWED_NETWORKS",
        "OUTBOUND_ALLOW_LOOPBACK_HTTP",
        "OUTBOUND_CA_BUNDLE",
        "OUTBOUND_TIMEOUT_SECONDS",
        "PASSWORD_CHANGE_ENDS",
        "PHONE_VERIFIED",
        "RATE_LIMITS",
        "REAUTHENTICATE_URL",
        "RECENT_SIGN_IN_SECONDS",
        "REFRESH_TOKEN_GRACE_SECONDS",
        "REFRESH_TOKEN_IDLE_SECONDS",
        "REVIEW_ADDRESSES",
        "SCOPES",
        "SECRET_MAX_DAYS",
        "SECRET_WARNING_DAYS",
        "SIGNING_ALGORITHMS",
        "SIGNUP_URL",
        "SITE_NAME",
        "STEP_UP",
        "SWITCH_ACCOUNT_URL",
        "TRACING",
        "TRUSTED_PROXIES",
        "UNUSED_CONSENT_DAYS",
        "UNUSED_WARNING_DAYS",
        "WHO_MAY_REGISTER",
    }
)

WHO_MAY_REGISTER = ("nobody", "staff", "verified", "everyone")
PASSWORD_CHANGE_ENDS = ("sessions", "everything")


def _is_duration(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return value is None or value == "once" or (isinstance(value, int) and 1 <= value <= 36_500)


class ProviderSettings(
    OutboundSettings,
    SigningSettings,
    DeviceSettings,
    SignInSettings,
    ClaimSettings,
    LimitSettings,
    MonitoringSettings,
):
    """Read ``settings.PROVIDER_SITE``, each key as a typed property with its default.

    Every property is computed once and forgotten when the setting changes (``setting_changed``).
    """

    @cached_property
    def issuer(self) -> str:
        """``ISSUER``: the issuer identifier, a URL without query, fragment or trailing slash (OpenID Discovery 3).

        It is never read from the request, so a forged Host header cannot change what tokens say.

        Raises ImproperlyConfigured when it is missing or not such a URL.
        """
        value = self._user.get("ISSUER")
        if not isinstance(value, str) or not value:
            raise ImproperlyConfigured(
                'Set the issuer: PROVIDER_SITE = {"ISSUER": "https://id.example.com", ...} in your settings.'
            )
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.netloc or parts.query or parts.fragment:
            raise ImproperlyConfigured("PROVIDER_SITE['ISSUER'] must be an https URL without query or fragment.")
        if value.endswith("/"):
            raise ImproperlyConfigured("PROVIDER_SITE['ISSUER'] must not end with a slash.")
        return value

    @cached_property
    def issuer_origin(self) -> str:
        """The scheme, host and port of the issuer, before the path of every address we hand out."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @cached_property
    def email_verified(self) -> Callable[[Any], bool]:
        """``EMAIL_VERIFIED``: callable or dotted path, user to bool: has the address been proven? Default: never.

        Without it, ``email_verified`` is always false, nobody can be invited to an application by an e-mail address,
        and no letter of invitation is sent: an unproven address may be somebody else's.
        """
        value = self._user.get("EMAIL_VERIFIED")
        if value is None:
            return lambda _user: False
        verified: Callable[[Any], bool] = import_string(value) if isinstance(value, str) else value
        return verified

    @cached_property
    def key_ring(self) -> Sequence[str]:
        """``KEY_RING``: secrets that seal private keys at rest; the first seals, all unseal. 32 characters at least.

        Raises ImproperlyConfigured when it is missing or holds a short secret.
        """
        value = self._user.get("KEY_RING")
        if not isinstance(value, list | tuple) or not value:
            raise ImproperlyConfigured(
                'Set the key ring: PROVIDER_SITE = {"KEY_RING": ["<50 random characters>"], ...} in your settings.'
            )
        if any(not isinstance(secret, str) or len(secret) < 32 for secret in value):
            raise ImproperlyConfigured("Every secret in PROVIDER_SITE['KEY_RING'] needs at least 32 characters.")
        return tuple(value)

    @property
    def site_name(self) -> str:
        """``SITE_NAME``: what people call this provider, plain or lazily translated; the issuer's host when not set."""
        return str(self._user.get("SITE_NAME") or urlsplit(self.issuer).netloc)

    @cached_property
    def scopes(self) -> Mapping[str, Mapping[str, Any]]:
        """``SCOPES``: further scopes: name to ``{"title", "description", "claims", "writes", "sensitive"}``.

        The texts may be lazy. ``writes``: the app may change something, not only read; ``sensitive``: people are asked
        about it at each sign-in.
        """
        return dict(self._user.get("SCOPES", {}))

    @cached_property
    def authorization_code_lifetime(self) -> timedelta:
        """``AUTHORIZATION_CODE_SECONDS``: how long a code may wait to be exchanged; 60 seconds."""
        return self._seconds("AUTHORIZATION_CODE_SECONDS", 60)

    @cached_property
    def authorization_request_lifetime(self) -> timedelta:
        """``AUTHORIZATION_REQUEST_SECONDS``: how long a request waits for sign-in and consent; one hour."""
        return self._seconds("AUTHORIZATION_REQUEST_SECONDS", 3600)

    @cached_property
    def access_token_lifetime(self) -> timedelta:
        """``ACCESS_TOKEN_SECONDS``: how long an access token works; 10 minutes."""
        return self._seconds("ACCESS_TOKEN_SECONDS", 600)

    @cached_property
    def id_token_lifetime(self) -> timedelta:
        """``ID_TOKEN_SECONDS``: how long an ID token may be believed; 10 minutes."""
        return self._seconds("ID_TOKEN_SECONDS", 600)

    @cached_property
    def refresh_token_idle_lifetime(self) -> timedelta:
        """``REFRESH_TOKEN_IDLE_SECONDS``: a refresh token not used for so long is dead; 30 days (RFC 9700 4.14.2)."""
        return self._seconds("REFRESH_TOKEN_IDLE_SECONDS", 30 * 86400)

    @cached_property
    def refresh_token_grace(self) -> timedelta:
        """``REFRESH_TOKEN_GRACE_SECONDS``: how long a rotated refresh token may be sent again by an honest retry.

        0, the default, treats every second use as theft. Within the grace a retry gets a sibling in the same family.
        """
        return self._seconds("REFRESH_TOKEN_GRACE_SECONDS", 0)

    @cached_property
    def consent_durations(self) -> Sequence[int | Literal["once"] | None]:
        """``CONSENT_DAYS``: the choices of duration on the consent page: days, ``"once"``, ``None``: until withdrawn.

        Raises ImproperlyConfigured without any, or with one that is none of these.
        """
        value = tuple(self._user.get("CONSENT_DAYS", ("once", 1, 30, 365, None)))
        if not value or not all(_is_duration(choice) for choice in value):
            raise ImproperlyConfigured(
                "PROVIDER_SITE['CONSENT_DAYS'] is a list of days, each from 1 to 36500, 'once', or None."
            )
        return value

    @cached_property
    def default_consent_days(self) -> int | Literal["once"] | None:
        """``DEFAULT_CONSENT_DAYS``: the duration selected at first; 30 days, or the first of ``CONSENT_DAYS``.

        Raises ImproperlyConfigured when it is not among the choices.
        """
        choices = self.consent_durations
        value = self._user.get("DEFAULT_CONSENT_DAYS", 30 if 30 in choices else choices[0])
        for choice in choices:
            if choice == value:
                return choice
        raise ImproperlyConfigured("PROVIDER_SITE['DEFAULT_CONSENT_DAYS'] is not one of PROVIDER_SITE['CONSENT_DAYS'].")

    @cached_property
    def consent_once_lifetime(self) -> timedelta:
        """``CONSENT_ONCE_SECONDS``: how long what was allowed "once", for a single sign-in, lasts; one hour.

        Raises ImproperlyConfigured for anything but a number from 60 to 86400.
        """
        return timedelta(seconds=self._whole("CONSENT_ONCE_SECONDS", 3600, least=60, most=86_400))

    @cached_property
    def max_consent_days(self) -> int | None:
        """``MAX_CONSENT_DAYS``: the longest a consent may last, those given before included; ``None``: no limit.

        Raises ImproperlyConfigured for anything but ``None`` and a number from 1 to 36500.
        """
        if self._user.get("MAX_CONSENT_DAYS") is None:
            return None
        return self._whole("MAX_CONSENT_DAYS", 365, least=1, most=36_500)

    @cached_property
    def audit_retention(self) -> timedelta | None:
        """``AUDIT_RETENTION_DAYS``: how long ``prune_provider`` leaves events in the audit trail; ``None``: for ever.

        Raises ImproperlyConfigured for anything but ``None`` and a number from 30 to 36500.
        """
        if self._user.get("AUDIT_RETENTION_DAYS") is None:
            return None
        return timedelta(days=self._whole("AUDIT_RETENTION_DAYS", 3650, least=30, most=36_500))

    @cached_property
    def unused_consent(self) -> timedelta | None:
        """``UNUSED_CONSENT_DAYS``: a consent that nothing used for so long ends by itself; 180 days. ``None``: never.

        Raises ImproperlyConfigured for anything but ``None`` and a number from 1 to 36500.
        """
        if self._user.get("UNUSED_CONSENT_DAYS", 180) is None:
            return None
        return timedelta(days=self._whole("UNUSED_CONSENT_DAYS", 180, least=1, most=36_500))

    @cached_property
    def unused_warning(self) -> timedelta:
        """``UNUSED_WARNING_DAYS``: how long before the end of an unused consent the person is told; 14 days.

        At most half of ``UNUSED_CONSENT_DAYS``, whatever is set.

        Raises ImproperlyConfigured for anything but a number from 1 to 365.
        """
        return timedelta(days=self._whole("UNUSED_WARNING_DAYS", 14, least=1, most=365))

    @cached_property
    def password_change_ends(self) -> str:
        """``PASSWORD_CHANGE_ENDS``: what a changed password ends.

        ``"sessions"``, the default: the tokens that hang on a sign-in. ``"everything"``: also those an application may
        renew while the person is away (``offline_access``); then it asks again, and the consents stay.

        Raises ImproperlyConfigured for another value.
        """
        value = self._user.get("PASSWORD_CHANGE_ENDS", "sessions")
        if value not in PASSWORD_CHANGE_ENDS:
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['PASSWORD_CHANGE_ENDS'] is one of: {', '.join(PASSWORD_CHANGE_ENDS)}; not {value!r}."
            )
        return str(value)

    @cached_property
    def fast_lane(self) -> bool:
        """``FAST_LANE``: let ordinary token requests be answered by few statements, written by hand; on.

        Off, every request takes the ORM and django-oauth-toolkit, with the same answers and the same rows: for hosts
        that need each statement to be the ORM's.
        """
        return bool(self._user.get("FAST_LANE", True))

    @cached_property
    def avatar_max_bytes(self) -> int:
        """``AVATAR_MAX_BYTES``: the largest upload accepted; 2 MiB."""
        return int(self._user.get("AVATAR_MAX_BYTES", 2 * 1024 * 1024))

    @cached_property
    def nickname_max_length(self) -> int:
        """``NICKNAME_MAX_LENGTH``: characters a nickname may have; 40, at most 100."""
        return min(int(self._user.get("NICKNAME_MAX_LENGTH", 40)), 100)

    @cached_property
    def recent_sign_in(self) -> timedelta:
        """``RECENT_SIGN_IN_SECONDS``: how old a sign-in may be for secrets, members and deletion; 30 minutes.

        Raises ImproperlyConfigured below a minute, in which nobody could fill in a form: each try would lead to another
        sign-in.
        """
        value = self._seconds("RECENT_SIGN_IN_SECONDS", 1800)
        if value < timedelta(minutes=1):
            raise ImproperlyConfigured("PROVIDER_SITE['RECENT_SIGN_IN_SECONDS'] is 60 or more.")
        return value

    @cached_property
    def who_may_register(self) -> str:
        """``WHO_MAY_REGISTER``: who may register applications at the developer pages.

        ``"nobody"`` (the default), ``"staff"``, ``"verified"`` (people for whom ``EMAIL_VERIFIED`` is true), or
        ``"everyone"`` who has an account. Owners keep what they have when it is closed later.

        Raises ImproperlyConfigured for another value.
        """
        value = self._user.get("WHO_MAY_REGISTER", "nobody")
        if value not in WHO_MAY_REGISTER:
            raise ImproperlyConfigured(
                f"PROVIDER_SITE['WHO_MAY_REGISTER'] is one of: {', '.join(WHO_MAY_REGISTER)}; not {value!r}."
            )
        return str(value)

    @cached_property
    def max_applications(self) -> int:
        """``MAX_APPLICATIONS``: how many applications one person may own at the developer pages; 20.

        Raises ImproperlyConfigured for anything but a number from 1; ``WHO_MAY_REGISTER`` is what lets nobody.
        """
        return self._whole("MAX_APPLICATIONS", 20, least=1, most=100_000)

    @cached_property
    def review_addresses(self) -> Sequence[str]:
        """``REVIEW_ADDRESSES``: e-mail addresses that are told of each submission; none.

        Raises ImproperlyConfigured for what is no address.
        """
        value = self._user.get("REVIEW_ADDRESSES") or ()
        addresses = (value,) if isinstance(value, str) else tuple(value)
        try:
            for address in addresses:
                validate_email(address)
        except ValidationError:
            raise ImproperlyConfigured(
                "PROVIDER_SITE['REVIEW_ADDRESSES'] is a list of e-mail addresses, without names."
            ) from None
        return addresses

    @cached_property
    def secret_max_days(self) -> int | None:
        """``SECRET_MAX_DAYS``: the longest a client secret may live, in days; ``None``, the default: no end needed.

        Raises ImproperlyConfigured for anything but ``None`` and a number from 1 to 3650.
        """
        if self._user.get("SECRET_MAX_DAYS") is None:
            return None
        return self._whole("SECRET_MAX_DAYS", 365, least=1, most=3650)

    @cached_property
    def secret_warning(self) -> timedelta:
        """``SECRET_WARNING_DAYS``: how long before a secret ends its owners are told by e-mail; 14 days.

        Raises ImproperlyConfigured for anything but a number from 1 to 365.
        """
        return timedelta(days=self._whole("SECRET_WARNING_DAYS", 14, least=1, most=365))


provider_settings = ProviderSettings()


def _reload(*, setting: str, **_kwargs: Any) -> None:
    if setting in {"PROVIDER_SITE", "LOGIN_URL"}:
        provider_settings.reload()


setting_changed.connect(_reload)
