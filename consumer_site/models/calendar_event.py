"""An entry in a person's calendar."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarEvent(models.Model):
    """Something on one day, at a time or all day long."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"), related_name="+"
    )
    title = models.CharField(_("title"), max_length=120)
    day = models.DateField(_("day"))
    time = models.TimeField(_("time"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar event")
        verbose_name_plural = _("calendar events")
        ordering = ["day", models.F("time").asc(nulls_first=True), "pk"]
        indexes = [models.Index(fields=["user", "day"], name="consumer_event_day")]

    def __str__(self) -> str:
        return self.title
