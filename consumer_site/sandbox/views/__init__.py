"""Pages that the emulators share: the index, the switch for misbehaviour, faces, the stylesheet."""
