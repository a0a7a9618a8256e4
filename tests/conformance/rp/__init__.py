"""The suite's modules for a relying party, against this project's consumer."""
