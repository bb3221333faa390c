"""A stateful fake of the Coder API on Connexion."""

__version__ = "0.1.0"
