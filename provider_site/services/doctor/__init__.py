"""Look at a running provider: from outside as its clients do, and from inside where this is its server."""

from provider_site.services.doctor.checklist import checklist
from provider_site.services.doctor.examination import Examination, examine

__all__ = ["Examination", "checklist", "examine"]
