"""What tends this repository, and no lesson needs: its benchmarks and its demo."""
