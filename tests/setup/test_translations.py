"""What lint says about the catalogue names the strings, not line numbers."""

from pathlib import Path

import translations

POT = """#: grids/views.py:12
msgid "Grid"
msgstr ""

#: dispatch/moves.py:7 dispatch/moves.py:9
msgctxt "verb"
msgid ""
"Send it "
"back"
msgstr ""
"""


def test_findings_show_string_and_place(tmp_path: Path) -> None:
    pot = tmp_path / "django.pot"
    pot.write_text(POT, encoding="utf-8")
    said = (
        f"{pot}:3: this message is used but not defined in x.po\n{pot}:10: this message is untranslated\n"
        f"{pot}:3: warning: this message is not used\nmsgcmp: found 2 fatal errors\n"
    )
    assert translations.readable(said) == [
        'this message is used but not defined in x.po: "Grid" (grids/views.py:12)',
        'this message is untranslated: "Send it back" (dispatch/moves.py:7)',
    ]
