"""The Background page: which background variables shape the latent space, and how sure that is."""
