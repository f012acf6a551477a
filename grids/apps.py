"""The grids app: places and the people who serve them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GridsConfig(AppConfig):
    """Ground floor."""

    name = "grids"
    verbose_name = _("Grids")
