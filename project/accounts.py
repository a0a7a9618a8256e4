"""How allauth's account pages behave here."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Account pages of both sites."""


class MFAAdapter(DefaultMFAAdapter):
    """Second factors and passkeys."""
