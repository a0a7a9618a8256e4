"""Resource servers: which applications may ask about the tokens they are shown, and about which of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from provider_site.admin import application_search
from provider_site.admin.read_only import ReadOnlyAdmin
from provider_site.models import ResourceServer
from provider_site.policy.scopes import catalog
from provider_site.services import members, resource_servers


def _is_own(request: HttpRequest, application: Any) -> bool:
    """Tell whether somebody would decide in favour of an application of their own."""
    return not request.user.is_superuser and members.is_party(application=application, user=request.user)


class ResourceServerForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """What a resource server is called, and what it may learn."""

    scope = forms.MultipleChoiceField(
        label=_("Scopes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Of a token without a resource it learns if the token has one of these, and of these alone. A token that "
            "is addressed to it shows these, or all its scopes where none is ticked."
        ),
    )
    request: HttpRequest

    class Meta:
        """What is asked for."""

        model = ResourceServer
        fields = ("application", "identifier", "scope", "refresh_tokens")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer every scope of the site, and tick those that are chosen."""
        super().__init__(*args, **kwargs)
        if "scope" in self.fields:
            choices = [(name, f"{name}: {scope.title}") for name, scope in catalog().items()]
            self.fields["scope"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's
            self.initial["scope"] = sorted(self.instance.scopes)

    def clean_scope(self) -> str:
        """Return the scopes as they are stored."""
        return " ".join(self.cleaned_data["scope"])

    def clean(self) -> dict[str, Any]:
        """Check what belongs together, by the service's rules."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        application = cleaned.get("application") or (self.instance.application if self.instance.pk else None)
        if application is None or self.errors:
            return cleaned
        if _is_own(self.request, application):
            raise ValidationError(_("Nobody decides what an application of their own may learn."), code="own")
        values = {name: cleaned[name] for name in ("identifier", "scope", "refresh_tokens")}
        try:
            resource_servers.check(row=ResourceServer(application=application, **values))
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                self.add_error(name if name in self.fields else None, messages)
        return cleaned


@admin.register(ResourceServer)
class ResourceServerAdmin(ReadOnlyAdmin):
    """Decide what resource servers learn by introspection, each change with a trace."""

    form = ResourceServerForm
    list_display = ("application", "identifier", "scope", "refresh_tokens", "created")
    list_select_related = ("application",)
    search_fields = ("identifier",)  # shows the field; get_search_results is what searches
    search_help_text = _("An exact identifier or client ID, or how a client ID or a name begins.")
    ordering: ClassVar[tuple[str, ...]] = ("identifier", "pk")
    raw_id_fields = ("application",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ResourceServer], search_term: str
    ) -> tuple[QuerySet[ResourceServer], bool]:
        """Search an identifier first, then the applications, by what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\x00" not in term and (exact := queryset.filter(identifier=term)).exists():
            return exact, False
        return queryset.filter(application__in=application_search.keys_of(term)), False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Begin with the application, chosen or shown."""
        fields = ("application", "identifier", "scope", "refresh_tokens")
        return fields if obj is None else (*fields, "created")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a permission with the application it was given to."""
        return ("application", "created") if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Let the form know who decides."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.request = request
        return form

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave it to the permission."""
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave it to the permission, but for an application of one's own."""
        allowed = admin.ModelAdmin.has_change_permission(self, request, obj)
        return allowed and (obj is None or not _is_own(request, obj.application))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave it to the permission; with the application a row belongs to, it goes."""
        by_itself = admin.ModelAdmin.has_delete_permission(self, request, obj)
        return by_itself or super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, row: ResourceServer, form: Any, change: bool) -> None:
        """Store, with a trace."""
        resource_servers.save(row=row, actor=request.user, request=request)

    def delete_model(self, request: HttpRequest, row: ResourceServer) -> None:
        """Take the permission away, with a trace."""
        resource_servers.remove(row=row, actor=request.user, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ResourceServer]) -> None:
        """Take each away, with a trace."""
        for row in queryset.select_related("application"):
            resource_servers.remove(row=row, actor=request.user, request=request)
