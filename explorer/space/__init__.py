"""The latent space: projections of an embedding into two or three dimensions."""
