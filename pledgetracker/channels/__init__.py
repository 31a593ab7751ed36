"""How an alert leaves: what every channel offers, and one small module or folder for each."""
