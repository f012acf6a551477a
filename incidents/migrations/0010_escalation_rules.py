"""What follows from a light is a rule of its own; limits that count from the next day, by a calendar, or not at all."""

import django.db.models.deletion
from django.db import migrations, models

import incidents.models.escalation

# Insert-only: of a version that is in force only its end may be written, once.
GUARD = """
CREATE FUNCTION incidents_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.retired_at IS NULL AND to_jsonb(NEW) - 'retired_at' = to_jsonb(OLD) - 'retired_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version of a rule never changes, another one replaces it: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER incidents_rule_is_final BEFORE UPDATE ON incidents_escalationrule
    FOR EACH ROW EXECUTE FUNCTION incidents_version_is_final();
SELECT grids_audit_watch('incidents_escalationrule', 'id', 'district_id', '', '', '');
"""
GUARD_REVERSE = """
SELECT grids_audit_unwatch('incidents_escalationrule');
DROP TRIGGER incidents_rule_is_final ON incidents_escalationrule;
DROP FUNCTION incidents_version_is_final();
"""

# Until now each limit said what red does. A stage in which all said the same gets the one rule that says it; of another
# one every limit gets its rule, for the same case and the same time, so that nothing that runs behaves differently.
ADOPT = """
INSERT INTO incidents_escalationrule (district_id, category_id, urgency, tier, stage, yellow_action, red_action,
       card_colour, repeat_unit, tell, basis, created_at, retired_at)
SELECT district_id, category_id, urgency, tier, stage, 'remind',
       CASE WHEN stage = 'pause' THEN 'resume'
            WHEN red_action = 'resume' THEN 'remind'
            WHEN red_action = 'escalate' AND stage NOT IN ('accept', 'handle') THEN 'card'
            ELSE red_action END, 'ordinary', '', '[]', '', created_at, retired_at
  FROM incidents_timelimit AS l
 WHERE (district_id IS NULL AND category_id IS NULL AND urgency = '' AND tier = '')
    OR EXISTS (SELECT FROM incidents_timelimit o WHERE o.stage = l.stage AND o.red_action <> l.red_action)
 ORDER BY id;
UPDATE incidents_clock AS clock SET escalation_id = (
    SELECT r.id FROM incidents_escalationrule r
     WHERE r.stage = l.stage
       AND ((r.district_id, r.category_id, r.urgency, r.tier, r.created_at)
            IS NOT DISTINCT FROM (l.district_id, l.category_id, l.urgency, l.tier, l.created_at)
            OR r.district_id IS NULL AND r.category_id IS NULL AND r.urgency = '' AND r.tier = '')
     ORDER BY (r.district_id, r.category_id, r.urgency, r.tier, r.created_at)
              IS NOT DISTINCT FROM (l.district_id, l.category_id, l.urgency, l.tier, l.created_at) DESC,
              r.retired_at IS NULL DESC, r.id DESC
     LIMIT 1)
  FROM incidents_timelimit AS l
 WHERE l.id = clock.limit_id AND clock.state <> 'stopped';
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0009_calendar_changes"), ("grids", "0007_grids_holding")]

    operations = [
        migrations.CreateModel(
            name="EscalationRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("urgency", models.CharField(blank=True, choices=[("normal", "Normal"), ("urgent", "Urgent"), ("critical", "Critical")], max_length=16, verbose_name="urgency")),
                ("tier", models.CharField(blank=True, choices=[("province", "Province"), ("city", "City"), ("district", "District"), ("town", "Town"), ("village", "Village"), ("grid", "Grid"), ("department", "Department"), ("office", "Town office")], max_length=16, verbose_name="kind of unit")),
                ("stage", models.CharField(choices=[("accept", "Acceptance"), ("handle", "Handling"), ("sign", "Signing"), ("arrive", "Arrival"), ("finish", "Completion"), ("check", "Check"), ("reply", "Reply"), ("pause", "Suspension review"), ("overall", "Overall")], max_length=16, verbose_name="stage")),
                ("yellow_action", models.CharField(choices=[("remind", "reminder"), ("nothing", "nothing")], default="remind", max_length=16, verbose_name="when yellow")),
                ("red_action", models.CharField(choices=[("escalate", "moves one tier up"), ("card", "card to the unit"), ("remind", "reminder only"), ("resume", "resumes by itself")], max_length=16, verbose_name="when red")),
                ("card_colour", models.CharField(choices=[("ordinary", "ordinary card"), ("yellow", "yellow card"), ("red", "red card")], default="ordinary", help_text="Drawn when red draws a card, also where nothing can move further up.", max_length=16, verbose_name="card")),
                ("repeat_every", models.PositiveIntegerField(blank=True, null=True, verbose_name="again after")),
                ("repeat_unit", models.CharField(blank=True, choices=[("minute", "natural minutes"), ("hour", "natural hours"), ("day", "natural days"), ("working_hour", "working hours"), ("working_day", "working days")], max_length=16, verbose_name="unit of the repeats")),
                ("repeat_times", models.PositiveSmallIntegerField(blank=True, help_text="Empty: until the step ends.", null=True, verbose_name="at most so many times")),
                ("tell", models.JSONField(blank=True, default=list, validators=[incidents.models.escalation.valid_tell], verbose_name="who is told in addition")),
                ("basis", models.CharField(blank=True, max_length=200, verbose_name="basis")),
                ("created_at", models.DateTimeField(verbose_name="in force since")),
                ("retired_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("category", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.category")),
                ("district", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="grids.unit")),
                ("replaces", models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replaced_by", to="incidents.escalationrule")),
            ],
            options={
                "verbose_name": "escalation rule",
                "verbose_name_plural": "escalation rules",
                "ordering": ["stage", "district", "category", "urgency", "tier"],
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("retired_at__isnull", True)), fields=("district", "category", "urgency", "tier", "stage"), name="escalation_rule_one_in_force", nulls_distinct=False, violation_error_message="A rule for exactly this case is in force already."),
                    models.CheckConstraint(condition=models.Q(models.Q(("repeat_every__isnull", True), ("repeat_times__isnull", True), ("repeat_unit", "")), models.Q(("repeat_every__gt", 0), models.Q(("repeat_unit", ""), _negated=True)), _connector="OR"), name="escalation_rule_repeats_have_a_unit", violation_error_message="Say after how much of which unit it repeats, or leave both empty."),
                    models.CheckConstraint(condition=models.Q(("repeat_times__isnull", True), models.Q(("repeat_times__gt", 0), ("repeat_times__lte", 10000)), _connector="OR"), name="escalation_rule_repeats_in_bounds", violation_error_message="From once to ten thousand times."),
                    models.CheckConstraint(condition=models.Q(models.Q(("red_action", "resume"), ("repeat_every__isnull", True), ("stage", "pause")), models.Q(models.Q(("stage", "pause"), _negated=True), models.Q(("red_action", "resume"), _negated=True)), _connector="OR"), name="escalation_rule_only_pauses_resume", violation_error_message="A suspension, and nothing else, resumes by itself."),
                    models.CheckConstraint(condition=models.Q(models.Q(("red_action", "escalate"), _negated=True), ("stage__in", ["accept", "handle"]), _connector="OR"), name="escalation_rule_only_these_move_up", violation_error_message="Only accepting and handling move up a tier."),
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="timelimit", name="time_limit_positive"),
        migrations.AlterField(
            model_name="timelimit",
            name="amount",
            field=models.PositiveIntegerField(help_text="0: as the situation requires", verbose_name="red after"),
        ),
        migrations.AddField(
            model_name="timelimit",
            name="from_next_day",
            field=models.BooleanField(default=False, help_text="Time begins with the first work second of the next working day; natural time at midnight.", verbose_name="count from the next day"),
        ),
        migrations.AddField(
            model_name="timelimit",
            name="calendar",
            field=models.ForeignKey(blank=True, help_text="Empty: the district's own calendar.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.calendar", verbose_name="counted by"),
        ),
        migrations.AddConstraint(
            model_name="timelimit",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0), models.Q(("stage", "pause"), _negated=True), _connector="OR"), name="time_limit_pause_has_an_end", violation_error_message="A suspension needs a longest time."),
        ),
        migrations.RemoveConstraint(model_name="clock", name="clock_budget_positive"),
        migrations.AlterField(
            model_name="clock",
            name="subject_kind",
            field=models.CharField(choices=[("incident", "incident"), ("assignment", "assignment"), ("inspection", "inspection"), ("card", "card")], default="incident", max_length=16),
        ),
        migrations.AddField(
            model_name="clock",
            name="escalation",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.escalationrule"),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.CheckConstraint(condition=models.Q(("budget__gte", 0), ("spent__gte", 0)), name="clock_budget_positive"),
        ),
        migrations.RunSQL(GUARD, GUARD_REVERSE),
        migrations.RunSQL(ADOPT, migrations.RunSQL.noop),
    ]  # fmt: skip
