"""Groups in the latent space: density clusters and k-means, of an embedding or of a part of it."""
