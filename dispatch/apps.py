"""The dispatch app: what is done about an incident."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DispatchConfig(AppConfig):
    """Third floor."""

    name = "dispatch"
    verbose_name = _("Dispatch")
