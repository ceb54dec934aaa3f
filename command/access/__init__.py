"""Who may do what, and where: users, sessions, roles."""
