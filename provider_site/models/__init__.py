"""The tables of this app. They hang beside django-oauth-toolkit's and never replace them."""

from provider_site.models.app_profile import AppProfile
from provider_site.models.application_scope import ApplicationScope
from provider_site.models.audit_event import AuditEvent
from provider_site.models.authorization import Authorization
from provider_site.models.authorization_request import AuthorizationRequest
from provider_site.models.consent import Consent
from provider_site.models.daily_count import DailyCount
from provider_site.models.device_authorization import DeviceAuthorization
from provider_site.models.logo import Logo
from provider_site.models.member import Member
from provider_site.models.outbox_message import OutboxMessage
from provider_site.models.profile import Profile
from provider_site.models.registration import Registration
from provider_site.models.resource_server import ResourceServer
from provider_site.models.review import Review
from provider_site.models.secret import ClientSecret
from provider_site.models.session import Session
from provider_site.models.signing_key import SigningKey
from provider_site.models.subject import PairwiseSubject, UnionSubject

__all__ = [
    "AppProfile",
    "ApplicationScope",
    "AuditEvent",
    "Authorization",
    "AuthorizationRequest",
    "ClientSecret",
    "Consent",
    "DailyCount",
    "DeviceAuthorization",
    "Logo",
    "Member",
    "OutboxMessage",
    "PairwiseSubject",
    "Profile",
    "Registration",
    "ResourceServer",
    "Review",
    "Session",
    "SigningKey",
    "UnionSubject",
]
