"""What this site knows about an application beside its OAuth client metadata."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.settings import oauth2_settings

from provider_site.models.logo import Logo


class Registration(models.Model):
    """An application's owner, review state and public links, one-to-one with DOT's application.

    An application without a registration counts as a draft: closed.
    """

    class Status(models.TextChoices):
        """The life of an application."""

        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted for review")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        SUSPENDED = "suspended", _("Suspended")

    class SubjectType(models.TextChoices):
        """Which identifier of a person the application is given as ``sub``."""

        PUBLIC = "public", _("Opaque, the same for every application")
        PAIRWISE = "pairwise", _("Opaque, another one for each sector (OpenID Connect Core 8.1)")
        LEGACY = "legacy", _("The primary key, as stock django-oauth-toolkit sends it")

    class SigningAlgorithm(models.TextChoices):
        """What an application's ID tokens are signed with (RFC 7518 3.1, RFC 8037 3.1)."""

        RS256 = "RS256", _("RS256: RSA, which every client knows")
        ES256 = "ES256", _("ES256: elliptic curve P-256")
        EDDSA = "EdDSA", _("EdDSA: Ed25519")
        PS256 = "PS256", _("PS256: RSA with PSS padding")

    class AccessTokenFormat(models.TextChoices):
        """What an application's access tokens are to a resource server."""

        OPAQUE = "opaque", _("Opaque: this site is asked about each")
        JWT = "jwt", _("JWT: resource servers read it themselves (RFC 9068)")

    application = models.OneToOneField(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="registration",
        verbose_name=_("application"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
        help_text=_("The person answerable for the application; shown on the consent page."),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT, db_index=True)
    description = models.CharField(
        _("description"),
        max_length=200,
        blank=True,
        help_text=_("One sentence that tells people what the application does."),
    )
    homepage_url = models.URLField(_("home page"), blank=True)
    privacy_policy_url = models.URLField(_("privacy policy"), blank=True)
    terms_url = models.URLField(_("terms of service"), blank=True)
    pkce_waived = models.BooleanField(
        _("allow sign-in without PKCE"),
        default=False,
        help_text=_(
            "Only for a confidential client that cannot send a code challenge. "
            "A challenge that is sent is always enforced. Leave this off unless you know why."
        ),
    )
    subject_type = models.CharField(
        _("subject identifier"), max_length=10, choices=SubjectType.choices, default=SubjectType.PUBLIC
    )
    sector_identifier_uri = models.URLField(
        _("sector identifier URI"),
        blank=True,
        help_text=_(
            "Only for pairwise subjects of an application with redirect URIs on several hosts: an https address that "
            "answers with the JSON list of all of them (OpenID Connect Registration 5)."
        ),
    )
    # Kept as it was when pairwise subjects were chosen: with another one, every account at the application were lost.
    sector_identifier = models.CharField(_("sector"), max_length=255, blank=True, editable=False)
    # What the sector identifier URI listed when it was last read: a transaction never waits for somebody else's host.
    sector_redirect_uris = models.JSONField(default=list, blank=True, editable=False)
    first_party = models.BooleanField(
        _("belongs to this site"),
        default=False,
        help_text=_(
            "People are signed in without being asked for consent. What they allowed is recorded as decided by an "
            "administrator, and they may take it back like any other; from then on they are asked."
        ),
    )
    max_consent_days = models.PositiveSmallIntegerField(
        _("longest consent in days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: as long as the site allows. Consents given before are bounded too."),
    )
    events_url = models.URLField(
        _("address for security events"),
        blank=True,
        help_text=_(
            "Where the application is told, by a signed message, that somebody took something back (RFC 8417, 8935)."
        ),
    )
    id_token_alg = models.CharField(
        _("ID tokens are signed with"),
        max_length=5,
        choices=SigningAlgorithm.choices,
        default=SigningAlgorithm.RS256,
    )
    access_token_format = models.CharField(
        _("access tokens"),
        max_length=6,
        choices=AccessTokenFormat.choices,
        default=AccessTokenFormat.OPAQUE,
        help_text=_(
            "A JWT that a resource server reads by itself goes on working there after it was taken back, for up to "
            "five minutes."
        ),
    )
    backchannel_logout_uri = models.URLField(
        _("back-channel logout URI"),
        blank=True,
        help_text=_("Where the application is told by a signed message that somebody signed out here."),
    )
    frontchannel_logout_uri = models.URLField(
        _("front-channel logout URI"),
        blank=True,
        help_text=_(
            "A page of the application that is loaded in the person's browser, in a frame, when they sign out here. "
            "Browsers that keep third-party cookies apart make it useless: prefer the back channel."
        ),
    )
    initiate_login_uri = models.URLField(
        _("initiate login URI"),
        blank=True,
        help_text=_("An https address at which the application begins a sign-in when people open it from here."),
    )
    taken_over_at = models.DateTimeField(
        _("taken over"),
        null=True,
        editable=False,
        help_text=_("When an application that existed before this app was installed came under its rules."),
    )
    logo = models.ForeignKey(
        Logo, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("logo")
    )
    status_reason = models.TextField(
        _("reason"),
        blank=True,
        help_text=_("Why it was rejected or suspended. Its owners read this; of a suspended one, its users too."),
    )
    status_changed_at = models.DateTimeField(_("in this state since"), null=True, editable=False)
    approved_at = models.DateTimeField(_("first approved"), null=True, editable=False)
    language = models.CharField(
        _("language"), max_length=16, blank=True, help_text=_("In which its owners are written to.")
    )
    tokens_not_before = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("Every token and code issued until then is dead: the application was suspended since."),
    )
    deleted_at = models.DateTimeField(
        _("deleted"),
        null=True,
        editable=False,
        help_text=_("The application is gone; its many rows are being deleted in the background."),
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        # What the admin's list of applications is narrowed to.
        indexes = [models.Index(fields=["status"], name="provider_site_by_status")]
        permissions = [
            ("review_registration", _("Can approve and reject applications")),
            ("suspend_registration", _("Can suspend and reinstate applications")),
        ]

    def __str__(self) -> str:
        return f"{self.application} ({self.get_status_display()})"
