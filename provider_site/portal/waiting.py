"""Forms that somebody sends too often (``RATE_LIMITS``): what they wrote stays, and they are told how long to wait."""

from __future__ import annotations

from typing import Any

from django.utils.translation import ngettext

from provider_site.services import limits


def too_often(limit: str, user: Any) -> str:
    """Count what ``user`` is about to do; return what they are told who have to wait, empty for those who need not."""
    wait = limits.spend(limit, user.pk)
    if not wait:
        return ""
    minutes = -(-wait // 60)
    return ngettext(
        "This was done very often. Nothing is lost: wait %(number)s minute, then send it once more.",
        "This was done very often. Nothing is lost: wait %(number)s minutes, then send it once more.",
        minutes,
    ) % {"number": minutes}
