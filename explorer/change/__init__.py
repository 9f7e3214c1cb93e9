"""One animal over time: series, baselines, alerts, trends, observer agreement."""
