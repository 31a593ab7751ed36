"""What things are and what follows from them: plain values and pure functions, no framework, no clock."""
