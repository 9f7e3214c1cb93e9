"""The Training page: start runs, watch them learn, compare them."""
