"""The page on which a person points at the objects that recordings are labelled with."""
