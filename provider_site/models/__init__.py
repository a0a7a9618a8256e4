"""The tables of this app. They hang beside django-oauth-toolkit's and never replace them."""

from .application_scope import ApplicationScope
from .audit_event import AuditEvent
from .authorization import Authorization
from .authorization_request import AuthorizationRequest
from .consent import Consent
from .outbox_message import OutboxMessage
from .profile import Profile
from .registration import Registration
from .secret import ClientSecret
from .session import Session
from .signing_key import SigningKey

__all__ = [
    "ApplicationScope",
    "AuditEvent",
    "Authorization",
    "AuthorizationRequest",
    "ClientSecret",
    "Consent",
    "OutboxMessage",
    "Profile",
    "Registration",
    "Session",
    "SigningKey",
]
