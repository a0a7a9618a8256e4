"""Rows of the emulators: state lives in the database so that several processes answer alike."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class QQCode(models.Model):
    """Hold one authorization code, by its SHA-256 digest."""

    digest = models.CharField(max_length=64, unique=True)
    app_id = models.CharField(max_length=32)
    person = models.CharField(max_length=32)
    scope = models.CharField(max_length=255)
    redirect_uri = models.CharField(max_length=2000)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("QQ emulator: authorization code")
        verbose_name_plural = _("QQ emulator: authorization codes")

    def __str__(self) -> str:
        return f"{self.app_id}/{self.person}"


class QQToken(models.Model):
    """Hold one access token and the refresh token issued with it, by their SHA-256 digests."""

    access_digest = models.CharField(max_length=64, unique=True)
    refresh_digest = models.CharField(max_length=64, unique=True)
    app_id = models.CharField(max_length=32)
    person = models.CharField(max_length=32)
    scope = models.CharField(max_length=255)
    expires_at = models.DateTimeField()
    refreshed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("QQ emulator: token")
        verbose_name_plural = _("QQ emulator: tokens")

    def __str__(self) -> str:
        return f"{self.app_id}/{self.person}"


class QQBehaviour(models.Model):
    """Plan how one endpoint misbehaves towards one app for its next answers."""

    class Endpoint(models.TextChoices):
        AUTHORIZE = "authorize", _("authorization")
        TOKEN = "token", _("token")
        ME = "me", _("OpenID")
        PROFILE = "profile", _("profile")
        AVATAR = "avatar", _("avatar picture")

    class Kind(models.TextChoices):
        ERROR = "error", _("error with this code")
        OLD_ERROR = "old_error", _("error with this code, in the old form (code, msg)")
        GARBAGE = "garbage", _("bytes that mean nothing")
        EMPTY = "empty", _("an empty answer")
        TRUNCATED = "truncated", _("an answer cut off in the middle")
        HTML_TYPE = "html_type", _("the right answer as text/html without charset")
        HTML_PAGE = "html_page", _("a web page instead of an answer")
        SERVER_ERROR = "server_error", _("HTTP 502")
        SLOW = "slow", _("the right answer, this many seconds late")
        NUMBER_EXPIRES = "number_expires", _("expires_in as a number")
        NO_OPENID = "no_openid", _("no openid in the answer")
        NO_UNIONID = "no_unionid", _("no unionid in the answer")
        FOREIGN_CLIENT = "foreign_client", _("another app's client_id in the answer")
        NO_CODE = "no_code", _("the callback without a code")
        WRONG_STATE = "wrong_state", _("the callback with another state")

    app_id = models.CharField(max_length=32)
    endpoint = models.CharField(max_length=16, choices=Endpoint)
    kind = models.CharField(max_length=16, choices=Kind)
    number = models.IntegerField(default=0)
    """The error code (QQ's profile answers have small and negative ones too), or the seconds."""
    times = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("QQ emulator: behaviour")
        verbose_name_plural = _("QQ emulator: behaviours")
        indexes = (models.Index(fields=["app_id", "endpoint"], name="sandbox_qq_behaviour"),)

    def __str__(self) -> str:
        return f"{self.app_id}/{self.endpoint}: {self.kind}"
