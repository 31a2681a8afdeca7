"""What the sections measure on: nodes as processes, cameras, browsers, streams."""
