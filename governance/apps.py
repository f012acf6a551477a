"""The governance app: it wires the others and owns no table."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    """Top floor."""

    name = "governance"
    verbose_name = _("Governance")

    def ready(self) -> None:
        from governance import sessions

        sessions.connect()
