"""Scores over whole corpora: spans and calibration."""
