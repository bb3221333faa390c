"""Records and pure rules of the fake: what is stored, and what follows from it. Knows no HTTP."""
