"""How all boxes are: last contact, rates of each rule, drift, alarms; for a person with a phone."""
