"""Real servers on private ports, from the programs that the machine has."""
