"""What endpoints and lists cost as tables grow, and how long pruning takes: `python -m benchmarks.growth`."""
