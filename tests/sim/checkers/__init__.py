"""One file for each thing that must hold; ``checker`` says when it is asked."""
