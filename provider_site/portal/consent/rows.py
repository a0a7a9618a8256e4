"""The rows of the consent page: what each scope would give the app, and whether the person has a choice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from provider_site.models import ApplicationScope, AppProfile, Registration
from provider_site.policy import consent as policy
from provider_site.policy.claims import Person
from provider_site.policy.scopes import ScopeDefinition, allowable, in_order
from provider_site.portal import shared_values
from provider_site.portal.consent.question import Question
from provider_site.portal.shared_values import SharedValues

# They open nothing that could be read or changed.
_NEITHER = frozenset({"openid", "unionid", "offline_access"})
_NUMBERS = {
    Registration.SubjectType.PUBLIC: _("Every app on this site knows you by the same number."),
    Registration.SubjectType.PAIRWISE: _("Apps of other makers get another number."),
    Registration.SubjectType.LEGACY: _("It is the number of your account on this site."),
}


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One scope on the page.

    ``known``: the application has it, until ``ends_at`` (``None``: until withdrawn) or ``once``, ``unasked`` by an
    administrator's decision; ``is_new``: not asked about before, where something was. ``kind`` is ``writes``,
    ``reads``, or empty for a scope that is neither. ``justification`` is the application's own claim, ``note`` ours.
    ``emptied``: there is nothing to show by the person's own choice.
    """

    name: str
    title: Any
    description: Any
    shared: SharedValues
    required: bool
    ticked: bool
    known: bool
    ends_at: datetime | None
    once: bool
    unasked: bool
    is_new: bool
    sensitive: bool
    kind: str
    justification: str
    note: Any
    emptied: bool

    @property
    def field_id(self) -> str:
        """The HTML id of the row's checkbox."""
        return f"scope-{self.name}"


@dataclass(frozen=True, slots=True)
class AlreadyHeld:
    """A scope the application has, though it does not ask for it now."""

    title: Any
    ends_at: datetime | None


def rows(question: Question, *, person: Person, ticked: Collection[str], no_picture: bool) -> list[ScopeRow]:
    """Return a row per scope asked for, in the catalogue's order; ``ticked`` are the boxes that come ticked."""
    definitions = allowable()
    asked = ApplicationScope.objects.filter(application=question.application, scope__in=question.requested)
    justifications = dict(asked.values_list("scope", "justification"))
    known = policy.known(question.situation)
    found = []
    for name in in_order(question.requested):
        definition, shared = definitions[name], shared_values.of_scope(person, name)
        term = question.terms.get(name) if name in known else None
        found.append(
            ScopeRow(
                name=name,
                title=definition.title,
                description=definition.description,
                shared=shared,
                required=name in question.required,
                ticked=name in ticked,
                known=name in known,
                ends_at=question.end(name) if term is not None else None,
                once=term is not None and term.once,
                unasked=term is not None and term.unasked,
                is_new=bool(question.terms) and name not in known | _asked_before(question),
                sensitive=definition.sensitive,
                kind=_kind(definition),
                justification=justifications.get(name, ""),
                note=_NUMBERS.get(Registration.SubjectType(question.registration.subject_type), "")
                if name == "openid"
                else "",
                emptied=shared.empty and no_picture and definition.claims == ("picture",),
            )
        )
    return found


def _asked_before(question: Question) -> frozenset[str]:
    """Return what the person knows from an earlier page though the app has it no more: declined, or over."""
    past = question.situation.past
    return past.declined | past.ended if past is not None else frozenset()


def _kind(definition: ScopeDefinition) -> str:
    if definition.writes:
        return "writes"
    return "" if definition.name in _NEITHER else "reads"


def already_held(question: Question) -> list[AlreadyHeld]:
    """Return what the application has beside what it asks for now."""
    definitions = allowable()
    others = in_order(question.terms.keys() - question.requested)
    return [AlreadyHeld(definitions[name].title, question.end(name)) for name in others]


def has_no_picture(app_profile: AppProfile | None) -> bool:
    """Tell whether the person chose to show the application no picture."""
    return app_profile is not None and app_profile.avatar_choice == AppProfile.Avatar.NONE
