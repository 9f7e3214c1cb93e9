"""The parts of the Herd round page."""
