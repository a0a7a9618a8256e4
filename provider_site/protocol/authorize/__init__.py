"""The authorization endpoint."""

from provider_site.protocol.authorize.views import AuthorizeView, ResumeView

__all__ = ["AuthorizeView", "ResumeView"]
