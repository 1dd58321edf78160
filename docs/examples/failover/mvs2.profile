; MVS2 defines no address of its own: it learns from the lists of MVS1 and MVS5 what it serves.
VIPADYNAMIC
ENDVIPADYNAMIC
