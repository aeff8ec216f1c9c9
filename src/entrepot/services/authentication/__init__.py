"""Finding out who somebody is: passwords from a file, several ways in turn, guesses slowed down."""
