"""What the test persons of every service have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # exists in the stubs alone


@dataclass(frozen=True, kw_only=True)
class BasePerson:
    """Describe somebody made up. ``colour`` is the picture's background, as RGB."""

    key: str
    nickname: str
    note: _StrPromise
    colour: tuple[int, int, int]
