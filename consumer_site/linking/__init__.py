"""What to do with a sign-in that already belongs to another account of this site."""
