"""Enterprise page: what a build with the licensed part has, and most of it a licence opens."""
