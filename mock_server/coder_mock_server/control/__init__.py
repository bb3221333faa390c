"""The control routes below `/_mock`: what a test asks of the fake itself, not of Coder."""
