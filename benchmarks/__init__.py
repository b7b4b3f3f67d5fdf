"""What can be measured again by anyone: each module says how."""
