"""Results: the report as data, how it is made and read, and what is known of it beforehand."""
