"""What an application's review state lets it do."""

from __future__ import annotations

from provider_site.models import Registration


def may_serve(*, status: str | None, is_owner: bool) -> bool:
    """Tell whether an application may be used by a person: approved by anyone, draft or submitted by its owner.

    ``status`` is ``None`` without a registration, which counts as a draft without an owner. Rejected and suspended
    applications serve nobody.
    """
    if status == Registration.Status.APPROVED:
        return True
    return is_owner and status in {Registration.Status.DRAFT, Registration.Status.SUBMITTED}
