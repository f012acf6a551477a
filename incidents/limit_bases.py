"""What shipped limits and escalation rules rest on, marked for translation: the rows themselves hold the English."""

from django.utils.translation import gettext_noop

BASES = (
    gettext_noop("within the yellow limit (1 working day) of the Sichuan grid system"),
    gettext_noop("Beijing 12345 service standard (2023): dispatch within 2 h"),
    gettext_noop("Pinggu, Beijing: emergencies signed for within 30 minutes"),
    gettext_noop("Sichuan grid system: yellow 5, red 10 working days"),
    gettext_noop("Beijing 12345 service standard (2023): 24 h"),
    gettext_noop("Beijing: first report on an emergency within 2 h"),
    gettext_noop("Beijing 12345 service standard (2023): water, power, gas and heating dispatched within 2 h"),
    gettext_noop("Beijing 12345 service standard (2023): danger to life and property dispatched within 1 h"),
    gettext_noop("Sichuan grid system, acceptance: yellow 1, red 2 working days"),
    gettext_noop("Beijing 12345 service standard (2023): 2 h"),
    gettext_noop("Pinggu, Beijing: signed for within 30 minutes"),
    gettext_noop("Pinggu, Beijing: on site within 30 minutes of the whistle"),
    gettext_noop("our proposal: between one day and the ordinary limit"),
    gettext_noop("Beijing 12345 service standard (2023): feedback within 24 h"),
    gettext_noop("Beijing 12345 service standard (2023): water, power, gas and heating, feedback within 24 h"),
    gettext_noop("Jiyuan, city management standard: unauthorised building"),
    gettext_noop("Jiyuan, city management standard: exposed rubbish"),
    gettext_noop("Jiyuan, city management standard: piled-up rubbish and spoil"),
    gettext_noop("Jiyuan, city management standard: dirty road"),
    gettext_noop("a city's case standard: upkeep of green space"),
    gettext_noop("Jiyuan, city management standard: dirty water"),
    gettext_noop("a limit for every step, as in a published city management platform"),
    gettext_noop("Beijing: an ordinary appeal answered within 7 days"),
    gettext_noop("our proposal: a suspension is looked at every 90 days at the latest"),
    gettext_noop("Beijing: a complex appeal settled within 15 days"),
)

# Of `reference/escalation_rules.csv`.
RULE_BASES = (
    gettext_noop("moves up tier by tier; at the top a card, and again every working day"),
    gettext_noop("emergencies: a red card at the top, and again every half hour"),
    gettext_noop("emergencies: a red card at the top, and again every two hours"),
    gettext_noop("a card to who does not sign, and again every working day"),
    gettext_noop("emergencies: a yellow card, and again every half hour"),
    gettext_noop("who does not come is asked again every half hour"),
    gettext_noop("a card to who does not finish, and again every second working day"),
    gettext_noop("emergencies: a red card, and again every four hours"),
    gettext_noop("a card to who does not check, and again every working day"),
    gettext_noop("who asked is told that no answer came, and twice again"),
    gettext_noop("a suspension ends on its review date"),
    gettext_noop("the whole run moves nothing by itself"),
)
