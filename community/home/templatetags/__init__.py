"""What templates may say: icons."""
