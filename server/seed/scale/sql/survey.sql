-- PostgreSQL gathers no statistics of temporary tables by itself.
ANALYZE scale_lives;
