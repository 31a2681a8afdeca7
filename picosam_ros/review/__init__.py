"""The page in which a person answers the doubted images of a labelled recording."""
