-- Nothing is known of a temporary table but what is gathered by hand.
ANALYZE scale_lives;
