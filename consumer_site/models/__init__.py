"""The consumer's tables."""

from django.apps import apps

from consumer_site.models.avatar_copy import AvatarCopy
from consumer_site.models.calendar_event import CalendarEvent
from consumer_site.models.client_key import ClientKey
from consumer_site.models.logout_receipt import LogoutReceipt
from consumer_site.models.session_link import SessionLink
from consumer_site.models.stored_token import StoredToken

__all__ = ["AvatarCopy", "CalendarEvent", "ClientKey", "LogoutReceipt", "SessionLink", "StoredToken"]

# Without allauth's app a system check says what to install; a failing import would keep it from being heard.
if apps.is_installed("allauth.socialaccount"):
    from consumer_site.models.sign_in_provider import SignInProvider

    __all__ += ["SignInProvider"]
