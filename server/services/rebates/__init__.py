"""The main rule: qualifications, cycles, rebates, their release and reversal; blocking of members."""
