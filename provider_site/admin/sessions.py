"""Sessions of people, for support: who, when, how and where, in which applications; and ended in their place."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import Authorization, OutboxMessage, Session
from provider_site.policy.devices import device
from provider_site.policy.scopes import Text
from provider_site.security_headers import protect
from provider_site.services import backchannel_logout, logout, people, sessions

END = "provider_site.end_session"
SHOWN = 20


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """One row per sign-in from which an application was signed in to, the newest first."""

    list_display = ("auth_time", "user", "methods", "browser", "address", "state")
    list_display_links = ("auth_time",)
    list_select_related = ("user",)
    ordering: ClassVar[tuple[str, ...]] = ("-created",)
    search_fields: ClassVar[Any] = ("user",)  # shows the field; get_search_results is what searches
    search_help_text = _("An exact user name.")
    linked_lookups: ClassVar[tuple[str, ...]] = ("user__id__exact", "user")
    fields = ("sid", "user", "auth_time", "methods", "address", "browser", "expires_at", "state", "ended_at")
    change_form_template = "provider_site/admin/session_change_form.html"
    actions = ("end_ticked",)

    @admin.display(description=_("signed in by"))
    def methods(self, session: Session) -> str:
        """Return how the person signed in, as ``amr`` values."""
        return " ".join(session.amr) or "-"

    @admin.display(description=_("browser"))
    def browser(self, session: Session) -> str:
        """Return the browser and its system, by what it says of itself."""
        found = device(session.user_agent) if session.user_agent else None
        return ", ".join(str(part) for part in (found.browser, found.system) if part) if found is not None else "-"

    @admin.display(description=_("state"))
    def state(self, session: Session) -> Text:
        """Return whether it is open, or what ended it."""
        if session.ended_at is not None:
            return session.get_ended_reason_display() or _("Ended")
        if not session.is_over(session.user, timezone.now()):
            return pgettext_lazy("session", "Open")
        return _("Over: its time ran out, or the password was changed")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Resolve the words to one person, so that the list is read by one index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        person = people.named(name=term) if "\x00" not in term else None
        return (queryset.filter(user=person) if person is not None else queryset.none()), False

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may end sessions: seeing them is another permission."""
        return bool(request.user.has_perm(END))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that ends a session."""
        view = self.admin_site.admin_view(self.end_view)
        return [path("<path:object_id>/end/", view, name="provider_site_session_end"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put beside the fields the applications of the session, and what they were told."""
        session = context.get("original")
        if session is not None:
            context.update(self._details(request, session))
            if session.ended_at is None and self.has_end_permission(request):
                context["end_url"] = reverse(f"{self.admin_site.name}:provider_site_session_end", args=[session.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def _details(self, request: HttpRequest, session: Session) -> dict[str, Any]:
        rows = Authorization.objects.filter(session=session).select_related("application").order_by("-created")
        sees_messages = request.user.has_perm(f"provider_site.view_{OutboxMessage._meta.model_name}")
        told = backchannel_logout.messages_of(session=session)[:SHOWN] if sees_messages else []
        return {"sign_ins": rows[:SHOWN], "most": SHOWN, "messages_of_logout": told, "sees_messages": sees_messages}

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, and end the session."""
        session = self.get_object(request, object_id)
        if not (self.has_view_permission(request, session) and self.has_end_permission(request)):
            raise PermissionDenied
        if session is None:
            raise Http404
        address = reverse(f"{self.admin_site.name}:provider_site_session_change", args=[session.pk])
        recent = sessions.is_recent(request=request)
        if request.method == "POST" and recent:
            self._say(request, self._end(request, [session]))
            return redirect(address)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("End this session"),
            "session": session,
            "applications": [row.application for row in logout.signed_in_to(session=session)[:SHOWN]],
            "change_url": address,
            "recent": recent,
        }
        return protect(TemplateResponse(request, "provider_site/admin/session_end.html", context))

    @admin.action(description=_("End the sessions ticked, and tell their applications"), permissions=["end"])
    def end_ticked(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        """End each session that is open, each with its trace."""
        if not sessions.is_recent(request=request):
            text = _("Nothing was done: you signed in a while ago. Sign out and in again first.")
            self.message_user(request, text, messages.WARNING, fail_silently=True)
            return
        self._say(request, self._end(request, list(queryset)))

    def _end(self, request: HttpRequest, ticked: list[Session]) -> int:
        ended = 0
        for session in ticked:
            if logout.end_by_administrator(session=session, actor=request.user, request=request):
                self.log_change(request, session, str(_("Ended.")))
                ended += 1
        return ended

    def _say(self, request: HttpRequest, ended: int) -> None:
        text = ngettext("Ended %(count)d session.", "Ended %(count)d sessions.", ended) % {"count": ended}
        level = messages.SUCCESS if ended else messages.WARNING
        self.message_user(request, text if ended else _("It was over already."), level, fail_silently=True)
