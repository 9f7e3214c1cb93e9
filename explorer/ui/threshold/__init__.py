"""The Threshold page: which distance means the same animal, what that promises, and whether conditioning helps."""
