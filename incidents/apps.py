"""The incidents app: what happened, where it stands, until when."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    """Second floor."""

    name = "incidents"
    verbose_name = _("Incidents")
