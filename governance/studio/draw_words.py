"""What the drawing page says from its scripts; places in braces are filled there."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from grids.models.boundaries import PlanStatus

STATUS: dict[str, str | Promise] = {f"status_{status.value}": status.label for status in PlanStatus}

FAULTS: dict[str, str | Promise] = {
    "fault_pocket": _("Coverage gap"),
    "fault_overlap": _("Overlap of grids"),
    "fault_spill": _("Outside of the frame"),
    "fault_invalid": _("Invalid shape"),
    "fault_vertex": _("Vertices do not match"),
    "fault_parts": _("Several parts"),
    "fault_sliver": _("Sliver"),
    "fault_missing": _("Grid without an area"),
    "fault_emptied": _("Village without a grid"),
    "fault_officer": _("No officer"),
    "fault_gone": _("Grid that is no more"),
    "fault_village": _("Village that is no more"),
    "fault_base": _("Not begun from what is in force"),
}

HINTS: dict[str, str | Promise] = {
    "hint_select": "",
    "hint_split": _("Press points from border to border; the line snaps. Enter or a double press ends it."),
    "hint_merge": _("Press the two neighbours that become one."),
    "hint_merge_other": _("{grid} chosen: press the neighbour it is merged with."),
    "hint_border": _("Press a border between two grids."),
    "hint_border_chosen": _(
        "{one} | {other}: drag a point, press between two to add one; a double press or Delete removes it."
    ),
    "hint_paint": _("To {grid}: press dwellings or their ground, or draw a ring around them."),
    "hint_paint_whom": _("Press the grid that is to receive."),
    "hint_assign": _("Press a gap, then say whose it becomes. The key N goes to the next one."),
    "hint_carve": _("Press the corners of the piece; Enter or a double press ends it. Then say whose it becomes."),
}

ACTS: dict[str, str | Promise] = {
    "finish": _("Finish"),
    "back": _("Take the last point back"),
    "cancel": _("Cancel"),
    "undo": pgettext_lazy("tool", "Undo"),
    "redo": pgettext_lazy("tool", "Redo"),
    "undo_named": _("Undo: {step}"),
    "redo_named": _("Redo: {step}"),
    "merge": pgettext_lazy("tool", "Merge"),
    "border": _("Border"),
    "hand": _("Hand over"),
    "merge_with": _("Merge with {grid}"),
    "border_with": _("Move the border with {grid}"),
    "hand_with": _("Hand over dwellings to {grid}"),
    "remains": _("{grid} remains"),
    "which_remains": _("{one} and {other} become one grid. Which one remains?"),
    "whose_pocket": _("A gap of {size}: whose does it become?"),
    "whose_ring": _("Whose does the drawn area become? Choose here, or press the grid on the map."),
    "becomes": _("It goes to {grid}"),
    "as_new_grid": _("Make it a new grid"),
    "take_over": _("Take over and draw"),
    "take_from": _("{who} is drawing at this moment. All edits so far are saved; take the plan over?"),
    "other_receiver": _("Another grid receives"),
    "hand_to": _("Hand over to {grid}"),
    "hand_head": _("Dwellings nearest to {grid}"),
    "open_grid": _("Particulars of {grid}"),
    "zoom_in": _("Zoom in"),
    "zoom_out": _("Zoom out"),
}

FIGURES: dict[str, str | Promise] = {
    "none": "–",
    "and": _("; "),
    "grids": _("Grids"),
    "households": _("Households"),
    "target": _("Target"),
    "target_words": _("{n} households per grid, ±{t}%"),
    "no_target": _("No target set"),
    "outside_tolerance": _("Outside of the tolerance"),
    "without_officer": _("Without an officer"),
    "faults": _("Faults"),
    "area": _("Area"),
    "parts": _("Parts"),
    "open": _("Open incidents"),
    "km2": _("{n} km²"),
    "m2": _("{n} m²"),
    "count": _("{n} households"),
    "shares": _("{n} m of shared border"),
    "within": _("{n} of {all} grids within ±{t}%"),
    "halves_upright": _("{one} households in the west, {other} in the east"),
    "halves_level": _("{one} households in the north, {other} in the south"),
    "dwelling": _("{n} households, {m} m from the border"),
    "new_grid": _("New grid {key}"),
    "no_code": _("Its code is issued at publication"),
    "outside": _("outside"),
    "nobody": _("Nobody yet"),
    "vacant": _("Vacant on purpose"),
    "vacant_because": _("Vacant on purpose: {why}"),
    "vertex": _("Point {number} of {all}; arrows move it, Enter drops it, Delete removes it"),
    "vertex_fixed": _("Point {number} of {all}: on the frame, fixed"),
    "vertex_insert": _("Add a point here"),
    "sealed": _("No gaps, no overlaps: {grids} grids, certificate {digest}"),
    "sealed_plain": _("No gaps, no overlaps: {grids} grids"),
}

SAID: dict[str, str | Promise] = {
    "saved": _("All is saved · edit {n}"),
    "saving": _("Saving…"),
    "waits": _("Edits that wait for the connection: {n}"),
    "held_mine": _("You are drawing; held for you until {until}"),
    "held_by": _("{who} is drawing, until {until}. You can look."),
    "taken_from_you": _(
        "{who} has taken the plan over. What you drew is saved; a line that is not ended stays on the map."
    ),
    "held_none": _("Nobody is drawing."),
    "may_not": _("You may look at this plan, not change it."),
    "read_only": _("You are only looking: somebody else holds the plan, or it is closed."),
    "comparing": _("End the comparison first."),
    "stale": _("Somebody was faster ({steps}). You see the newest state now; your last edit was not applied."),
    "who_did": _("{who}: {what}"),
    "somebody": _("somebody else"),
    "other_window": _("you in another window"),
    "signed_out": _(
        "You are signed out. Sign in again in another window: then it goes on here, and what waits is sent by itself."
    ),
    "fault": _("That did not work; the fault has been written down. Try again."),
    "one_moment": _("One moment…"),
    "frame_fixed": _("This is the frame of the plan; it keeps its shape."),
    "two_points": _("A line needs two points."),
    "three_points": _("A piece needs three corners."),
    "through_no_grid": _("The line runs through no grid."),
    "not_neighbours": _("These two grids share no border."),
    "no_pocket_here": _("There is no gap here. Gaps are hatched on the map and stand in the list of faults."),
    "no_dwellings": _("No dwellings are known here. Move the border instead."),
    "has_it_already": _("This ground is in {grid} already."),
    "tick_first": _("Tick at least one."),
    "nothing_changed": _("Nothing was changed."),
    "nobody_found": _("Nobody of this name may be named here."),
    "say_why_vacant": _("Say why it stays vacant."),
    "by_hand": _("No repair in one press; use the tools on the map."),
    "proof_holds": _("Proven: no gaps and no overlaps."),
    "proof_fails": _("Faults the proof found: {n}. The first is shown."),
    "undone": _("undone"),
}

WORDS: dict[str, str | Promise] = STATUS | FAULTS | HINTS | ACTS | FIGURES | SAID
