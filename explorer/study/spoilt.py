"""What reading a kept file of arrays can raise when it is not there, cut off or not ours."""

from zipfile import BadZipFile

SPOILT = (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError, RuntimeError, BadZipFile)
"""All of them mean the same: it has to be made again."""
