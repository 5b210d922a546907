"""Members' own data: profiles, addresses, avatars, sessions."""
