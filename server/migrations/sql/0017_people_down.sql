DROP INDEX commissions_by_state, commissions_by_time, rebates_by_state, rebates_by_time, qualifications_by_state,
  qualifications_by_time, members_by_name, members_unbound, members_bound, members_not_active, members_by_time;
