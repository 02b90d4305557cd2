"""Scores over whole corpora: spans, classes, texts with a contrast, and calibration."""
