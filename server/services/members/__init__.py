"""Members' own data: profiles, addresses, avatars, sessions, and the wallet's statement as a file."""
