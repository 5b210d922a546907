"""Pictures that the shop draws: shapes, Chinese text, share cards and posters. Pure: values in, pictures out."""
