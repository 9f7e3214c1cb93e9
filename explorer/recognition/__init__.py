"""Recognising animals: which distance means the same one, and what a threshold can promise."""
