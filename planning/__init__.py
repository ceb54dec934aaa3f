"""Coverage: whom one reaches in which time, what would mend it, and how much each answer can be trusted."""
