"""Words by which incidents are found: each part of a condition is answered by an index of its own."""

from django.contrib.postgres.fields.array import ArrayContains  # type: ignore[attr-defined]
from django.db.models import BigIntegerField, Q, QuerySet, TextField, Value
from django.db.models.functions import Collate, Reverse
from django.db.models.lookups import StartsWith

from grids.levels import UnitKind, widest
from grids.models import Unit
from grids.subtrees import within
from incidents.models import ImportedRecord
from incidents.models.expressions import Grams

# Whoever types the name of a place means what lies in it; the name of a district would mean everything.
NAMED_KINDS = (UnitKind.TOWN, UnitKind.VILLAGE, UnitKind.GRID)
NUMBER_DIGITS = 6
MOST_ELSEWHERE = 100
NOBODY = Value(None, BigIntegerField())


def about(text: str, *, are_common: bool = False) -> Q:
    """Number, words, place or address; several words must all be met, each anywhere. One query beforehand.

    Words that are common are not looked up: the newest incidents that have them are soon met on a walk, while the
    index would bring all of them to be sorted.

    Places and numbers of other systems are looked up first, as a condition on two tables is answered from neither's
    index.
    """
    words = text.split()
    if not words:
        return Q()
    wanted = Q()
    places, elsewhere = _looked_up(words)
    for word in words:
        known = Q(pk__in=elsewhere[word]) if elsewhere.get(word) else Q()
        if word.isdecimal() and len(word) >= NUMBER_DIGITS:
            wanted &= Q(number__startswith=word) | known
            continue
        found = Q(text__icontains=word) | Q(address__icontains=word)
        if not are_common:
            found &= Q(ArrayContains(Grams("text", "address"), grams(word)))
        if places[word]:
            found |= within(places[word], "place_id")
        if word.isdecimal():
            found |= Q(StartsWith(Collate(Reverse("number"), "C"), word[::-1]))
        wanted &= found | known
    return wanted


def grams(word: str) -> list[str]:
    """What `Grams` holds of every text with this word in it: its pairs of neighbours, or its only character."""
    low = word.lower()
    return sorted({low[at : at + 2] for at in range(len(low) - 1)}) or [low]


def _looked_up(words: list[str]) -> tuple[dict[str, list[str]], dict[str, list[int]]]:
    """By word: the codes of the widest places that have it in their name, and the incidents that had this number in
    another system. One query.
    """
    named = Q()
    for word in words:
        named |= Q(name__icontains=word) | Q(short_name__icontains=word)
    found: QuerySet = Unit.objects.filter(named, kind__in=NAMED_KINDS).values_list("code", "name", "short_name", NOBODY)
    numbers = [word for word in words if any(letter.isdecimal() for letter in word)]
    if numbers:
        known = ImportedRecord.objects.filter(original_number__in=numbers)
        texts = (Value("", TextField()), Value("", TextField()))
        found = found.union(known.values_list("original_number", *texts, "incident_id")[:MOST_ELSEWHERE], all=True)
    names: list[tuple[str, tuple[str, str]]] = []
    elsewhere: dict[str, list[int]] = {}
    for code, name, short, incident_id in found:
        if incident_id is None:
            names.append((code, (name.lower(), short.lower())))
        else:
            elsewhere.setdefault(code, []).append(incident_id)
    places = {
        word: widest([code for code, called in names if any(word.lower() in name for name in called)]) for word in words
    }
    return places, elsewhere
