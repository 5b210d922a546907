"""The operators' panel at `/admin`: screens, each with the permission it needs."""
