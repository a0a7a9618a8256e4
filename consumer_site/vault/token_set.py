"""The tokens of one account, in clear, for as long as they are in use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave; its repr shows no token. An `expires_at` of None means: not said."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scope: tuple[str, ...] = ()
