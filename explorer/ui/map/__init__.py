"""The latent map: a WebGL2 element on the page, and what it and Python say to each other."""
