"""The calendar's form."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from consumer_site.calendar.month import FIRST_YEAR, LAST_YEAR
from consumer_site.models import CalendarEvent

if TYPE_CHECKING:
    _Base = forms.ModelForm[CalendarEvent]
else:  # not subscriptable at run time
    _Base = forms.ModelForm


class EventForm(_Base):
    """Add an entry to one's own calendar."""

    class Meta:
        model = CalendarEvent
        fields: ClassVar = ["title", "day", "time"]
        labels: ClassVar = {"title": _("What"), "day": _("Day"), "time": _("Time (optional)")}
        widgets: ClassVar = {
            "title": forms.TextInput(attrs={"autocomplete": "off"}),
            "day": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "time": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }

    def clean_day(self) -> Any:
        """Refuse days that no page shows."""
        day = self.cleaned_data["day"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise forms.ValidationError(
                _("Choose a year from %(first)s to %(last)s."), params={"first": FIRST_YEAR, "last": LAST_YEAR}
            )
        return day
