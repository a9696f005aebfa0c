"""What the desk's templates may say."""
