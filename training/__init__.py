"""Training, evaluation and export of the networks that ship; PyTorch lives only here."""
