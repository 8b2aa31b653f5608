"""Files that ``bnconf init`` writes: real ones, which are checked and tested as they lie here."""
