"""Breaks a real Milvus cluster on purpose under real load, and says whether it may go to production."""
