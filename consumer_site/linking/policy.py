"""Decide what may become of a sign-in that belongs to another account. Pure: no request, no query, no write."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Obstacle(enum.Enum):
    """Why a sign-in can't leave the account it belongs to, or that account can't be taken over whole."""

    CLOSED = "closed"  # the other account was deactivated: its owner must not slip out of that
    PROTECTED = "protected"  # it has a second factor or rights here, and neither was shown
    LAST_WAY_IN = "last_way_in"  # nobody could enter the other account any more
    PASSWORD = "password"  # somebody enters it by a password too, which was not shown
    REFUSED_BY_SITE = "refused_by_site"  # the project's adapter says no


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the account that the sign-in belongs to now.

    `other_accounts` counts its further connected accounts; `privileged` means staff, superuser, or permissions.
    """

    active: bool
    privileged: bool
    second_factor: bool
    password: bool
    other_accounts: int
    site_allows: bool


def obstacle_to_moving(facts: Facts) -> Obstacle | None:
    """Return why the one sign-in can't move, None when it can.

    Whoever controls it could sign in there and disconnect it, except where more than it is needed to sign in.
    """
    if not facts.active:
        return Obstacle.CLOSED
    if facts.privileged or facts.second_factor:
        return Obstacle.PROTECTED
    if not facts.other_accounts and not facts.password:
        return Obstacle.LAST_WAY_IN
    return None


def obstacle_to_merging(facts: Facts) -> Obstacle | None:
    """Return why the whole account can't be poured into this one, None when it can."""
    if not facts.active:
        return Obstacle.CLOSED
    if facts.privileged or facts.second_factor:
        return Obstacle.PROTECTED
    if facts.password:
        return Obstacle.PASSWORD
    if not facts.site_allows:
        return Obstacle.REFUSED_BY_SITE
    return None
