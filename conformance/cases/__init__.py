"""Cases: what an experiment is, the arrays that follow from it, how cases are drawn, and how they shrink."""
