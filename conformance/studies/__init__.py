"""Studies: a case replayed, two implementations compared, the suite itself put to the test."""
