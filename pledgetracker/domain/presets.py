"""The rubrics that come with the program: scales as trackers of promises use them, in words of our own."""

# ruff: noqa: RUF001 -- these are texts to be read, set with typographic apostrophes

from pledgetracker.domain.rubric import Finding, Rating, Rubric, Wording

POLITICAL = Rubric(
    "political",
    1,
    Wording("Political promises", "Promesses politiques"),
    (
        Rating(
            "kept",
            Wording("Kept", "Tenue"),
            Wording(
                "Delivered as promised, whole and in time.",
                "Tenue comme promis, en entier et à l’heure.",
            ),
            is_final=True,
            suggested_on=(Finding.MET,),
        ),
        Rating(
            "compromise",
            Wording("Compromise", "Compromis"),
            Wording(
                "Kept in part: much of it delivered, or all of it later or otherwise than promised.",
                "Tenue en partie\u00a0: l’essentiel est fait, ou le tout plus tard ou autrement que promis.",
            ),
            is_final=True,
            suggested_on=(Finding.MET_LATE, Finding.MOSTLY_DELIVERED),
        ),
        Rating(
            "broken",
            Wording("Broken", "Non tenue"),
            Wording(
                "Known not to have been delivered when it was due, or taken back.",
                "On sait que rien n’a été fait à l’échéance, ou la promesse a été reprise.",
            ),
            is_final=True,
            suggested_on=(Finding.NOT_DELIVERED,),
        ),
        Rating(
            "stalled",
            Wording("Stalled", "À l’arrêt"),
            Wording(
                "Work has stopped, and whether it goes on is open.",
                "Le travail s’est arrêté, et nul ne sait s’il reprendra.",
            ),
        ),
        Rating(
            "in_the_works",
            Wording("In the works", "En cours"),
            Wording(
                "Work is known to be under way.",
                "On sait que le travail est en cours.",
            ),
            suggested_on=(Finding.ON_TRACK, Finding.AT_RISK, Finding.OFF_TRACK, Finding.IN_PROGRESS),
        ),
        Rating(
            "not_yet_rated",
            Wording("Not yet rated", "Pas encore jugée"),
            Wording(
                "Too little is known to say anything.",
                "On en sait trop peu pour en dire quoi que ce soit.",
            ),
            suggested_on=(Finding.NO_REPORT_YET, Finding.NO_REPORT_EVER, Finding.NOT_BEGUN),
        ),
    ),
)

COMPLETION = Rubric(
    "completion",
    1,
    Wording("Completion", "Avancement"),
    (
        Rating(
            "complete",
            Wording("Complete", "Achevé"),
            Wording("All of what was promised is there.", "Tout ce qui était promis est là."),
            is_final=True,
            suggested_on=(Finding.MET, Finding.MET_LATE),
        ),
        Rating(
            "substantial",
            Wording("Substantial", "Substantiel"),
            Wording("Half of the way or more is done.", "La moitié du chemin ou plus est faite."),
            suggested_on=(Finding.HALF_OR_MORE,),
        ),
        Rating(
            "limited",
            Wording("Limited", "Limité"),
            Wording("Begun, with less than half of the way done.", "Commencé, moins de la moitié est faite."),
            suggested_on=(Finding.LESS_THAN_HALF,),
        ),
        Rating(
            "not_started",
            Wording("Not started", "Pas commencé"),
            Wording(
                "Reports show nothing beyond where it began.",
                "Les rapports ne montrent rien depuis le début.",
            ),
            suggested_on=(Finding.NOT_BEGUN, Finding.NONE_DONE, Finding.NOT_DELIVERED),
        ),
        Rating(
            "no_evidence",
            Wording("No evidence", "Sans preuve"),
            Wording("Nothing has been reported.", "Rien n’a été rapporté."),
            suggested_on=(Finding.NO_REPORT_YET, Finding.NO_REPORT_EVER),
        ),
    ),
)

# The ids are the standard's own codes.
OCDS_MILESTONE = Rubric(
    "ocds-milestone",
    1,
    Wording("OCDS milestone status", "Statut de jalon OCDS"),
    (
        Rating(
            "scheduled",
            Wording("Scheduled", "Prévu"),
            Wording("Its day is still to come.", "Son échéance est à venir."),
            suggested_on=(
                Finding.NO_REPORT_YET,
                Finding.NOT_BEGUN,
                Finding.ON_TRACK,
                Finding.AT_RISK,
                Finding.OFF_TRACK,
                Finding.IN_PROGRESS,
            ),
        ),
        Rating(
            "met",
            Wording("Met", "Atteint"),
            Wording("It has been reached.", "Il a été atteint."),
            is_final=True,
            suggested_on=(Finding.MET, Finding.MET_LATE),
        ),
        Rating(
            "partiallyMet",
            Wording("Partially met", "Atteint en partie"),
            Wording(
                "Its day has passed with a part reached.", "L’échéance est passée, une partie est faite."
            ),
            is_final=True,
            suggested_on=(Finding.MOSTLY_DELIVERED, Finding.PARTLY_DELIVERED),
        ),
        Rating(
            "notMet",
            Wording("Not met", "Non atteint"),
            Wording(
                "Its day has passed and it is known not to be reached.",
                "L’échéance est passée et on sait qu’il n’est pas atteint.",
            ),
            is_final=True,
            suggested_on=(Finding.NOT_DELIVERED,),
        ),
    ),
)

COLOURS = Rubric(
    "colours",
    1,
    Wording("Three colours", "Trois couleurs"),
    (
        Rating(
            "green",
            Wording("Green", "Vert"),
            Wording("Delivered, or on course.", "Livré, ou en bonne voie."),
            suggested_on=(Finding.MET, Finding.MET_LATE, Finding.ON_TRACK),
        ),
        Rating(
            "amber",
            Wording("Amber", "Orange"),
            Wording(
                "In doubt, or short by less than half.", "Incertain, ou il en manque moins de la moitié."
            ),
            suggested_on=(Finding.AT_RISK, Finding.MOSTLY_DELIVERED),
        ),
        Rating(
            "red",
            Wording("Red", "Rouge"),
            Wording(
                "Far behind by its own figures, or short by more than half.",
                "Loin derrière d’après ses propres chiffres, ou il en manque plus de la moitié.",
            ),
            suggested_on=(Finding.OFF_TRACK, Finding.PARTLY_DELIVERED, Finding.NOT_DELIVERED),
        ),
    ),
)

PRESETS = (POLITICAL, COMPLETION, OCDS_MILESTONE, COLOURS)
