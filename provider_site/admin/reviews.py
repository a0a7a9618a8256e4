"""The queue of what waits for review, and the page on which one request is decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from provider_site.admin import application_search, fact_rows
from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.admin.review_actions import (
    AT_ONCE,
    CHANGED,
    OWNERS_NAMED,
    REFUSALS,
    WORDS,
    ReasonForm,
    decide_about_many,
    digest,
    take,
)
from provider_site.models import Registration, Review
from provider_site.policy.review import Step
from provider_site.security_headers import protect
from provider_site.services import members, people, reviews, roles

_OWNED_COUNTED = 100


class StateFilter(admin.SimpleListFilter):
    """What waits, unless something else is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices beside the default."""
        return [("decided", _("Decided")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Name the default for what it is."""
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Waiting")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        """Narrow the list; what has waited longest comes first, what was decided last comes first."""
        if self.value() == "decided":
            return queryset.filter(decided_at__isnull=False).order_by("-pk")
        if self.value() == "all":
            return queryset.order_by("-pk")
        return queryset.filter(decided_at=None).order_by("submitted_at", "pk")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """Decide about first submissions and changes, with what was approved before beside what is asked for."""

    list_display = ("application_name", "what", "who", "submitted_at", "outcome")
    list_display_links = ("application_name",)
    list_select_related = ("application", "submitted_by", "decided_by")
    list_filter = (StateFilter,)
    search_fields = ("application",)  # shows the field; get_search_results is what searches
    search_help_text = application_search.HELP
    ordering: ClassVar[tuple[str, ...]] = ()  # the filter's
    linked_lookups = ("application__id__exact", "state")
    actions = ("approve_chosen", "reject_chosen")

    @admin.display(description=_("application"))
    def application_name(self, review: Review) -> str:
        """Return the application's name."""
        return str(review.application.name)

    @admin.display(description=_("request"))
    def what(self, review: Review) -> Any:
        """Say what is to be reviewed."""
        return pgettext_lazy("review", "Change") if review.is_change else _("First review")

    @admin.display(description=_("submitted by"))
    def who(self, review: Review) -> str:
        """Return who asked."""
        return review.submitted_by.get_username() if review.submitted_by is not None else ""

    @admin.display(description=_("decision"))
    def outcome(self, review: Review) -> Any:
        """Return how it ended."""
        return review.get_decision_display() if review.decided_at is not None else _("Waiting")

    def has_review_permission(self, request: HttpRequest) -> bool:
        """Tell whether the two actions are offered at all."""
        return roles.refusal(user=request.user, step=Step.APPROVE) is None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        """Leave the order to the filter."""
        return super().get_queryset(request).select_related("application")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Review], search_term: str
    ) -> tuple[QuerySet[Review], bool]:
        """Search the applications by what has an index."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(application__in=application_search.keys_of(search_term)), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Ask for what there is to decide."""
        return super().changelist_view(request, {"title": _("Requests for review"), **(extra_context or {})})

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> list[tuple[Any, Any]]:
        """Return the ticked requests; on the second page also those that were decided since by somebody else."""
        if "confirm" in request.POST:
            keys = request.POST.getlist(ACTION_CHECKBOX_NAME)[: AT_ONCE + 1]
            queryset = self.get_queryset(request).filter(pk__in=keys)
        rows = queryset.select_related("application__registration__owner")[: AT_ONCE + 1]
        return [(row.pk, row.application) for row in rows]

    @admin.action(description=WORDS[Step.APPROVE].title, permissions=["review"])
    def approve_chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        """Approve what the ticked requests ask for."""
        return decide_about_many(self, request, self._chosen(request, queryset), Step.APPROVE)

    @admin.action(description=WORDS[Step.REJECT].title, permissions=["review"])
    def reject_chosen(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        """Reject what the ticked requests ask for."""
        return decide_about_many(self, request, self._chosen(request, queryset), Step.REJECT)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show one request with its differences, and decide it."""
        review = self.get_object(request, object_id)
        if not self.has_view_permission(request, review):
            raise PermissionDenied
        if review is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]  # Django's, left out of its stubs
            return missing
        if request.method != "POST":
            return self._page(request, review, ReasonForm(initial={"seen": digest(review.application)}))
        return self._decide(request, review)

    def _decide(self, request: HttpRequest, review: Review) -> HttpResponse:
        step = {"approve": Step.APPROVE, "reject": Step.REJECT}.get(request.POST.get("decision", ""))
        if step is None or roles.refusal(user=request.user, step=step, application=review.application) is not None:
            raise PermissionDenied
        # The browser must not want for "Approve" what only "Reject" needs: both buttons send this one form.
        form = ReasonForm(request.POST, step=step, use_required_attribute=False)
        error: ValidationError | None = None
        if form.is_valid():
            if review.decided_at is not None:
                error = ValidationError(_("This request is decided already."))
            else:
                asked = form.cleaned_data
                error = take(
                    step, application=review.application, request=request, reason=asked["reason"], seen=asked["seen"]
                )
            if error is None:
                self.log_change(request, review, str(WORDS[step].done))
                self.message_user(request, WORDS[step].done, messages.SUCCESS)
                return redirect(f"{self.admin_site.name}:provider_site_review_changelist")
            form.add_error("reason" if error.code == "reason" else None, error)
        elif form.data.get("seen") != digest(review.application):
            form.add_error(None, ValidationError(CHANGED))
        review = self.get_queryset(request).get(pk=review.pk)
        # The reason stays as typed; what it is about is from now on what this page shows.
        form.data = {**request.POST.dict(), "seen": digest(review.application)}
        return self._page(request, review, form)

    def _page(self, request: HttpRequest, review: Review, form: ReasonForm) -> HttpResponse:
        before, after = reviews.sides(review=review)
        refusal = roles.refusal(user=request.user, step=Step.APPROVE, application=review.application)
        waits = review.decided_at is None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Review of a change") if review.is_change else _("First review"),
            "subtitle": review.application.name,
            "review": review,
            "registration": Registration.objects.filter(application=review.application).first(),
            "rows": fact_rows.rows(before, after),
            "owners": [self._described(user) for user in members.owners(application=review.application)[:OWNERS_NAMED]],
            "submitted_by": people.display_name(user=review.submitted_by),
            "application_url": self._application_url(request, review),
            "problems": form.non_field_errors() if form.is_bound else "",
            "form": form if waits and refusal is None else None,
            "refusal": REFUSALS[refusal] if waits and refusal in roles.OWN else "",
        }
        return protect(TemplateResponse(request, "provider_site/admin/review.html", context))

    def _application_url(self, request: HttpRequest, review: Review) -> str:
        opts = type(review.application)._meta
        if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            return ""
        return reverse(
            f"{self.admin_site.name}:{opts.app_label}_{opts.model_name}_change", args=[review.application_id]
        )

    @staticmethod
    def _described(user: Any) -> dict[str, Any]:
        rows = Registration.objects.filter(owner=user).values_list("status", flat=True)[: _OWNED_COUNTED + 1]
        states = list(rows)
        return {
            "name": people.display_name(user=user),
            "username": user.get_username(),
            "owned": len(states),
            "suspended": states.count(Registration.Status.SUSPENDED),
        }
