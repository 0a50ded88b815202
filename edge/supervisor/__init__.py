"""What a supervisor of a bench hall sees: a day's inspections, what is held and until when, drafts of forms."""
