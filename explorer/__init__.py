"""Latent Explorer: studies of animals seen again and again, and the latent spaces they live in."""

__version__ = "0.1.0"
