"""Rows of the emulators: state lives in the database so that several processes answer alike."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Service(models.TextChoices):
    """Name the emulated services."""

    QQ = "qq", "QQ"
    WEIXIN = "weixin", _("WeChat")
    GITHUB = "github", "GitHub"


class Code(models.Model):
    """Hold one authorization code, by its SHA-256 digest."""

    service = models.CharField(max_length=16, choices=Service, default=Service.QQ)
    digest = models.CharField(max_length=64, unique=True)
    app_id = models.CharField(max_length=64)
    person = models.CharField(max_length=32)
    scope = models.CharField(max_length=255)
    redirect_uri = models.CharField(max_length=2000)
    code_challenge = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("emulator: authorization code")
        verbose_name_plural = _("emulator: authorization codes")

    def __str__(self) -> str:
        return f"{self.service}/{self.app_id}/{self.person}"


class Token(models.Model):
    """Hold one access token and the refresh token issued with it, by their SHA-256 digests."""

    service = models.CharField(max_length=16, choices=Service, default=Service.QQ)
    access_digest = models.CharField(max_length=64, unique=True)
    refresh_digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - many have none, and blanks would collide
    app_id = models.CharField(max_length=64)
    person = models.CharField(max_length=32)
    scope = models.CharField(max_length=255)
    expires_at = models.DateTimeField(null=True)
    """Null where the service's tokens live until somebody ends them."""
    refresh_expires_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(default=0)
    """How many access tokens the same refresh token has replaced, where a service keeps it."""
    refreshed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("emulator: token")
        verbose_name_plural = _("emulator: tokens")

    def __str__(self) -> str:
        return f"{self.service}/{self.app_id}/{self.person}"


class Behaviour(models.Model):
    """Plan how one endpoint of a service misbehaves towards one app for its next answers."""

    class Endpoint(models.TextChoices):
        AUTHORIZE = "authorize", _("authorization")
        TOKEN = "token", _("token")
        REFRESH = "refresh", _("token, by refresh token")
        ME = "me", _("OpenID")
        AUTH = "auth", _("check of a token")
        PROFILE = "profile", _("profile")
        EMAILS = "emails", _("e-mail addresses")
        AVATAR = "avatar", _("avatar picture")

    class Kind(models.TextChoices):
        ERROR = "error", _("error with this code")
        OLD_ERROR = "old_error", _("error with this code, in the old form (code, msg)")
        STATUS = "status", _("an error with this HTTP status")
        GARBAGE = "garbage", _("bytes that mean nothing")
        EMPTY = "empty", _("an empty answer")
        TRUNCATED = "truncated", _("an answer cut off in the middle")
        HTML_TYPE = "html_type", _("the right answer as text/html without charset")
        HTML_PAGE = "html_page", _("a web page instead of an answer")
        SERVER_ERROR = "server_error", _("HTTP 502")
        SLOW = "slow", _("the right answer, this many seconds late")
        NUMBER_EXPIRES = "number_expires", _("expires_in as a number")
        STRING_EXPIRES = "string_expires", _("expires_in as a string")
        NO_REFRESH = "no_refresh", _("no refresh_token in the answer")
        NO_OPENID = "no_openid", _("no openid (at GitHub: id) in the answer")
        NO_UNIONID = "no_unionid", _("no unionid in the answer")
        FOREIGN_CLIENT = "foreign_client", _("another app's client_id in the answer")
        FOREIGN_PERSON = "foreign_person", _("another person's openid in the answer")
        SNAPSHOT = "snapshot", _("a virtual account, as pages in snapshot mode get")
        FEWER_SCOPES = "fewer_scopes", _("no scope granted")
        NO_CODE = "no_code", _("the callback without a code")
        WRONG_STATE = "wrong_state", _("the callback with another state")
        REFUSE = "refuse", _("a refusal, without a page")
        ALLOW_AS = "allow_as", _("permission by this test person, without a page")

    service = models.CharField(max_length=16, choices=Service, default=Service.QQ)
    app_id = models.CharField(max_length=64)
    endpoint = models.CharField(max_length=16, choices=Endpoint)
    kind = models.CharField(max_length=16, choices=Kind)
    number = models.IntegerField(default=0)
    """The error code (QQ's profile answers have small and negative ones too), the HTTP status, or the seconds."""
    word = models.CharField(max_length=64, blank=True, default="")
    """The error's name, or the test person's key."""
    times = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("emulator: behaviour")
        verbose_name_plural = _("emulator: behaviours")
        indexes = (models.Index(fields=["service", "app_id", "endpoint"], name="sandbox_behaviour"),)

    def __str__(self) -> str:
        return f"{self.service}/{self.app_id}/{self.endpoint}: {self.kind}"
