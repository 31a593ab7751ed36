"""Units by number and language, where we know the word; any other unit is shown as it was written."""

from decimal import Decimal

_WORDS = (
    # English: one, several; French: one, several
    ("apprentice", "apprentices", "apprenti", "apprentis"),
    ("company", "companies", "entreprise", "entreprises"),
    ("contract", "contracts", "contrat", "contrats"),
    ("day", "days", "jour", "jours"),
    ("GPU", "GPUs", "GPU", "GPU"),
    ("home", "homes", "logement", "logements"),
    ("hour", "hours", "heure", "heures"),
    ("job", "jobs", "emploi", "emplois"),
    ("person", "people", "personne", "personnes"),
    ("project", "projects", "projet", "projets"),
    ("school", "schools", "école", "écoles"),
    ("site", "sites", "site", "sites"),
    ("startup", "startups", "start-up", "start-up"),
    ("student", "students", "étudiant", "étudiants"),
    ("tonne", "tonnes", "tonne", "tonnes"),
    ("training", "trainings", "formation", "formations"),
    ("tree", "trees", "arbre", "arbres"),
    ("vehicle", "vehicles", "véhicule", "véhicules"),
)
_ENGLISH = {form.lower(): (one, several) for one, several, _, _ in _WORDS for form in (one, several)}
_FRENCH = {form.lower(): (un, plusieurs) for one, several, un, plusieurs in _WORDS for form in (one, several)}


def english(unit: str, value: Decimal) -> str:
    """`person` → `people`."""
    one, several = _ENGLISH.get(unit.lower(), (unit, unit))
    return one if abs(value) == 1 else several


def french(unit: str, value: Decimal) -> str:
    """`person` → `personnes`; French counts less than two as one."""
    one, several = _FRENCH.get(unit.lower(), (unit, unit))
    return one if abs(value) < 2 else several  # noqa: PLR2004 -- the rule of the language
