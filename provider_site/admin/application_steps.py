"""The pages on which one application, or many, are approved, suspended and reinstated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from provider_site.admin import fact_rows
from provider_site.admin.review_actions import (
    AT_ONCE,
    JUDGES_FACTS,
    REFUSALS,
    WORDS,
    ReasonForm,
    decide_about_many,
    digest,
    owner_names,
    possible,
    take,
)
from provider_site.models import Registration
from provider_site.policy.facts import Facts
from provider_site.policy.review import Step
from provider_site.security_headers import protect
from provider_site.services import facts, reviews, roles


class StepPages:
    """For the admin of applications: the steps of their life."""

    admin_site: Any
    opts: Any
    get_object: Callable[..., Any]
    get_queryset: Callable[..., QuerySet[Any]]
    has_view_permission: Callable[..., bool]
    log_change: Callable[..., Any]
    message_user: Callable[..., Any]
    change_url: Callable[[Any], str]
    page_url: Callable[..., str]

    def step_urls(self) -> list[URLPattern]:
        """Return the address of these pages."""
        view = self.admin_site.admin_view(self.step_view)
        return [path("<path:object_id>/step/<slug:step>/", view, name="provider_site_application_step")]

    def step_url(self, application: Any, step: Step) -> str:
        """Return the address of the page that asks for a step's reason."""
        return self.page_url("provider_site_application_step", application, step.value)

    def step_view(self, request: HttpRequest, object_id: str, step: str) -> HttpResponse:
        """Ask for the reason of a step, and take it."""
        application = self.get_object(request, object_id)
        if not self.has_view_permission(request, application):
            raise PermissionDenied
        if application is None or step not in set(WORDS):
            raise Http404
        wanted = Step(step)
        refusal = roles.refusal(user=request.user, step=wanted, application=application)
        if refusal is roles.Refusal.NO_PERMISSION:
            raise PermissionDenied
        waiting = reviews.waiting(application=application)
        if waiting is not None and wanted in JUDGES_FACTS:
            return redirect(f"{self.admin_site.name}:provider_site_review_change", waiting.pk)
        form = ReasonForm(
            request.POST if request.method == "POST" else None, step=wanted, initial={"seen": digest(application)}
        )
        error = ValidationError(REFUSALS[refusal]) if refusal is not None else None
        if form.is_bound and form.is_valid() and error is None:
            asked = form.cleaned_data
            error = take(wanted, application=application, request=request, reason=asked["reason"], seen=asked["seen"])
            if error is None:
                self.log_change(request, application, str(WORDS[wanted].done))
                self.message_user(request, WORDS[wanted].done, messages.SUCCESS)
                return redirect(self.change_url(application))
        if form.is_bound and error is not None:
            form.add_error("reason" if error.code == "reason" else None, error)
        return self._step_page(request, application, wanted, form, refusal)

    def _step_page(
        self, request: HttpRequest, application: Any, step: Step, form: ReasonForm, refusal: roles.Refusal | None
    ) -> HttpResponse:
        if form.is_bound:  # the reason stays as typed; what it is about is what this page shows
            form.data = {**request.POST.dict(), "seen": digest(application)}
        registration = Registration.objects.filter(application=application).first()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": WORDS[step].title,
            "subtitle": application.name,
            "application": application,
            "registration": registration,
            "change_url": self.change_url(application),
            "words": WORDS[step],
            "owners": owner_names(application),
            "begins": step in possible(registration=registration, is_waiting=False),
            "refusal": REFUSALS[refusal] if refusal is not None else "",
            "rows": fact_rows.rows(Facts(), facts.read(application=application)) if step is Step.APPROVE else [],
            "form": form,
        }
        return protect(TemplateResponse(request, "provider_site/admin/step.html", context))

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Tell whether approving is offered."""
        return roles.refusal(user=request.user, step=Step.APPROVE) is None

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        """Tell whether suspending and reinstating are offered."""
        return roles.refusal(user=request.user, step=Step.SUSPEND) is None

    def _in_bulk(self, request: HttpRequest, queryset: QuerySet[Any], step: Step) -> HttpResponse | None:
        if "confirm" in request.POST:  # also those that changed their state since, and left the filtered list
            keys = request.POST.getlist(ACTION_CHECKBOX_NAME)[: AT_ONCE + 1]
            queryset = self.get_queryset(request).filter(pk__in=keys)
        rows = queryset.select_related("registration__owner")[: AT_ONCE + 1]
        return decide_about_many(self, request, ((row.pk, row) for row in rows), step)

    @admin.action(description=WORDS[Step.APPROVE].many, permissions=["approve"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Approve the ticked applications."""
        return self._in_bulk(request, queryset, Step.APPROVE)

    @admin.action(description=WORDS[Step.SUSPEND].many, permissions=["suspend"])
    def suspend_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Suspend the ticked applications."""
        return self._in_bulk(request, queryset, Step.SUSPEND)

    @admin.action(description=WORDS[Step.REINSTATE].many, permissions=["suspend"])
    def reinstate_chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Reinstate the ticked applications."""
        return self._in_bulk(request, queryset, Step.REINSTATE)
