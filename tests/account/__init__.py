"""Tests of payapp/account/."""
