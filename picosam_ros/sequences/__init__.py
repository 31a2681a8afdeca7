"""Images in the order of their capture: of a recording, a film or a folder."""
