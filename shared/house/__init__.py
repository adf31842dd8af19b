"""What tends this repository, and no lesson needs: benchmarks, the demo, tests of exercises."""
