"""Histograms of the variables, beside the map: what they say is filtered filters the map, and the other way round."""
