DROP INDEX commissions_member_time;
