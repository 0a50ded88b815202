"""The simulated port: a seeded year of parcels goes through the real judgement and is counted. It draws no pixels."""
