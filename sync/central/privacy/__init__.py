"""Who may see what and for how long: disclosure profiles, reports, retention, erasure."""
