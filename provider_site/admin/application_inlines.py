"""What is edited beside an application: its registration and its scopes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.admin.application_forms import RegistrationForm, RegistrationFormSet, ScopeForm, ScopeFormSet
from provider_site.admin.subject_choice import reading_of
from provider_site.models import ApplicationScope, Registration
from provider_site.policy import sectors
from provider_site.services import facts, roles, subjects


def facts_open(request: HttpRequest, application: Any) -> bool:
    """Tell whether this person may change the facts; asked once per page."""
    if application is None:
        return True
    known: dict[Any, bool] = request.__dict__.setdefault("_provider_site_facts_open", {})
    if application.pk not in known:
        known[application.pk] = roles.may_change_facts(user=request.user, application=application)
    return known[application.pk]


def _suggesting(formset: Any, rows: list[dict[str, Any]]) -> Any:
    """Return the formset with `rows` already filled in, for an application that is not there yet."""

    class Suggesting(formset):  # made at run time by the admin
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **({"initial": rows} | options))

    return Suggesting


class RegistrationInline(admin.StackedInline):  # type: ignore[type-arg]  # no generic at run time
    """Owner, links and what only staff decide. The state is chosen once; steps change it later."""

    model = Registration
    form = RegistrationForm
    formset = RegistrationFormSet
    can_delete = False
    min_num = 1
    raw_id_fields = ("owner",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the state out of an application that is there."""
        fields = RegistrationForm.Meta.fields
        if obj is None:
            return fields
        at = fields.index("subject_type") + 1
        orphans = ["orphan_accounts"] if self._asks_about_accounts(request, obj) else []
        return (*fields[1:at], *orphans, "sector", *fields[at:])

    def _asks_about_accounts(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and self.has_change_permission(request, obj) and subjects.is_used(application=obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show reviewed facts to those who may not change them."""
        return ("sector",) if facts_open(request, obj) else ("sector", *facts.OF_REGISTRATION)

    @admin.display(description=_("Sector"))
    def sector(self, registration: Registration) -> Any:
        """Return which applications share the pairwise subjects, in words."""
        if registration.subject_type != Registration.SubjectType.PAIRWISE:
            return "–"
        sector = subjects.sector_of(registration=registration)
        return _("This application alone") if sectors.is_own(sector) else sector

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Take an address without a scheme for https."""
        if db_field.name.endswith(("_url", "_uri")):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let whoever registers an application own it, unless they say otherwise."""
        formset = super().get_formset(request, obj, **kwargs)
        form: Any = formset.form
        form.user, form.reading = request.user, reading_of(request)
        form.asks_about_accounts = self._asks_about_accounts(request, obj)
        return formset if obj is not None else _suggesting(formset, [{"owner": request.user.pk}])


class ScopeInline(admin.TabularInline):  # type: ignore[type-arg]  # no generic at run time
    """What the application may ask for."""

    model = ApplicationScope
    form = ScopeForm
    formset = ScopeFormSet
    # What a consumer_site asks for; a scope that is not registered is refused as invalid_scope.
    suggested: ClassVar[list[dict[str, Any]]] = [
        {"scope": "openid", "required": True},
        {"scope": "nickname"},
        {"scope": "avatar"},
        {"scope": "offline_access"},
    ]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Leave room for what is suggested to a new application, or for one more scope."""
        return 1 if obj is not None else len(self.suggested) + 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Begin a new application with the scopes nearly every one needs."""
        formset = super().get_formset(request, obj, **kwargs)
        return formset if obj is not None else _suggesting(formset, self.suggested)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep the scopes of an approved application as they were approved."""
        return super().has_add_permission(request, obj) and facts_open(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep the scopes of an approved application as they were approved."""
        return super().has_change_permission(request, obj) and facts_open(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep the scopes of an approved application as they were approved."""
        return super().has_delete_permission(request, obj) and facts_open(request, obj)
