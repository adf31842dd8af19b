"""What the lessons' entry points share: data, command line, run folders, progress, plots."""
