"""GitHub's scopes as far as signing in and a first API call need them, and how it writes them."""

import re
from typing import Final

from django.utils.translation import gettext_lazy as _

MEANINGS: Final = {
    "user": _("the whole profile, private parts too"),
    "read:user": _("the profile, private parts too"),
    "user:email": _("e-mail addresses"),
    "user:follow": _("whom to follow"),
    "repo": _("repositories, private ones too"),
    "public_repo": _("public repositories"),
    "gist": _("gists"),
    "read:org": _("membership of organizations"),
    "notifications": _("notifications"),
    "workflow": _("workflow files"),
}
_INCLUDED: Final = {"user": {"read:user", "user:email", "user:follow"}, "repo": {"public_repo"}}


def normalized(asked: str) -> list[str]:
    """Return the scopes asked for, by commas or blanks: unknown ones and those that another includes left out."""
    named = [name for name in dict.fromkeys(re.split(r"[\s,]+", asked)) if name in MEANINGS]
    included = set().union(*(_INCLUDED.get(name, set()) for name in named))
    return [name for name in named if name not in included]


def may_read_emails(scope: str) -> bool:
    """Tell whether a token with these scopes may read the person's e-mail addresses."""
    return bool({"user", "user:email"} & set(scope.split(",")))
