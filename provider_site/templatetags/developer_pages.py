"""What templates ask about the developer pages."""

from __future__ import annotations

from typing import Any

from django import template

from provider_site.services import developers

register = template.Library()


@register.simple_tag(takes_context=True)
def has_developer_pages(context: dict[str, Any]) -> bool:
    """Tell whether the developer pages are of any use to whoever looks at the page."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return user is not None and developers.concerns(user=user)
