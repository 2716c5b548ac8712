"""Stages composed: plan, fan out, summarize, cite."""
