"""What ``check --deploy`` says of a provider's settings, beside ``provider_site.checks`` (docs/checks.md)."""

from provider_site.deployment_checks.rules import RULES, register_all

__all__ = ["RULES", "register_all"]
