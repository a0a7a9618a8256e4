"""The consumer's tables."""

from consumer_site.models import sign_in_provider
from consumer_site.models.avatar_copy import AvatarCopy
from consumer_site.models.calendar_event import CalendarEvent
from consumer_site.models.client_key import ClientKey
from consumer_site.models.logout_receipt import LogoutReceipt
from consumer_site.models.session_link import SessionLink
from consumer_site.models.stored_token import StoredToken

__all__ = [
    "AvatarCopy",
    "CalendarEvent",
    "ClientKey",
    "LogoutReceipt",
    "SessionLink",
    "StoredToken",
    "sign_in_provider",
]
