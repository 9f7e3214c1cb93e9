"""One map over partitions and one killable worker: how everything slow is run."""
