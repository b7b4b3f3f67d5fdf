"""kind clusters that the harness makes."""
