"""The kinds of evidence: each a folder with what it records, what it judges and what it shows."""
