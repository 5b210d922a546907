"""Pictures that the shop draws: shapes, Chinese text, share cards and posters. Pure functions of their input."""
