"""What the names in a mapping stand for in this database: the district, its units, the categories. Reads only."""

from dataclasses import dataclass, field

from django.db.models import Q
from django.utils.translation import gettext as _

from grids.levels import CODE_LENGTHS, TIER_ORDER, UnitKind, kind_of_code, unpadded
from grids.models import Unit
from grids.subtrees import within
from incidents.imports.mapping import BY_CODE, BY_VALUES, Mapping
from incidents.imports.refused import MappingRefused
from incidents.models import Category

# Kinds of unit at which an incident may have happened.
PLACE_KINDS = tuple(kind for kind in TIER_ORDER if kind not in (UnitKind.PROVINCE, UnitKind.CITY))
_VILLAGE = CODE_LENGTHS[UnitKind.VILLAGE]


@dataclass(frozen=True)
class Targets:
    """The places of the district by code with their kinds, and the ids of categories by what the mapping calls them."""

    district: str
    places: dict[str, UnitKind]
    categories: dict[str, int] = field(default_factory=dict)

    def place(self, code: str) -> str | None:
        """The code of a living place of the district, also if given with the zeros of a statistical code."""
        for each in (code, unpadded(code)):
            if each in self.places:
                return each
        return None


def holder_of(place: str) -> str:
    """The code of the unit that holds what happened at a place: the village of a grid, else the place itself."""
    return place[:_VILLAGE] if len(place) > _VILLAGE else place


def find(mapping: Mapping) -> Targets:
    """Look everything up that the mapping names. Raises MappingRefused with all that is not there."""
    district = Unit.objects.filter(pk=mapping.district, kind=UnitKind.DISTRICT, retired_at__isnull=True).first()
    if district is None:
        raise MappingRefused([_("import.district: there is no district %(code)s.") % {"code": mapping.district}])
    units = Unit.objects.filter(within([district.pk]), kind__in=PLACE_KINDS, retired_at__isnull=True)
    places = {code: UnitKind(kind) for code, kind in units.values_list("code", "kind")}
    targets = Targets(district.pk, places)
    faults = _unit_faults(mapping, targets) + _look_up_categories(mapping, targets)
    if faults:
        raise MappingRefused(faults)
    return targets


def _unit_faults(mapping: Mapping, targets: Targets) -> list[str]:
    named = {"default": mapping.unit.default} if mapping.unit.default else {}
    if BY_VALUES in mapping.unit_ways:
        named |= mapping.unit.values
    elif BY_CODE in mapping.unit_ways and mapping.unit.values:
        return [_("unit.values: not asked, as units are found by code.")]
    faults = []
    for key, code in named.items():
        if targets.place(code or "") is None:
            words = {"key": key, "code": code, "district": targets.district}
            known = kind_of_code(code or "") is not None
            text = (
                _("unit: %(key)s: %(code)s is no living place of %(district)s.")
                if known
                else _("unit: %(key)s: %(code)s is no code of a unit.")
            )
            faults.append(text % words)
    return faults


def _look_up_categories(mapping: Mapping, targets: Targets) -> list[str]:
    """Find the categories by "code" or "dictionary/code", retired ones too: history may use them."""
    own = Q(district__isnull=True) | Q(district=targets.district)
    by_code: dict[tuple[str, str], int] = {}
    dictionaries: dict[str, set[str]] = {}
    for row in Category.objects.filter(own, kind=mapping.kind).order_by("district_id"):
        by_code.setdefault((row.standard_ref, row.code), row.pk)
        dictionaries.setdefault(row.code, set()).add(row.standard_ref)
    faults = []
    wanted = {*mapping.category.values.values(), *([mapping.category.default] if mapping.category.default else [])}
    for name in sorted(wanted):
        stated, _slash, code = name.rpartition("/")
        dictionary = stated or mapping.dictionary
        if not dictionary and len(dictionaries.get(code, ())) > 1:
            words = {"code": code, "names": ", ".join(sorted(dictionaries[code]))}
            faults.append(_("category: %(code)s stands in several dictionaries: %(names)s.") % words)
            continue
        if not dictionary:
            dictionary = next(iter(dictionaries.get(code, {""})))
        found = by_code.get((dictionary, code))
        if found is None:
            faults.append(_("category: there is no category %(name)s.") % {"name": name})
        else:
            targets.categories[name] = found
    return faults
