DROP TRIGGER growth_entries_immutable ON growth_entries;
DROP FUNCTION growth_refuse_edit();
DROP INDEX member_levels_due;
ALTER TABLE member_levels DROP CONSTRAINT member_levels_kept;
ALTER TABLE growth_entries DROP CONSTRAINT growth_entries_amount, DROP CONSTRAINT growth_entries_kind;
ALTER TABLE levels DROP CONSTRAINT levels_within;
