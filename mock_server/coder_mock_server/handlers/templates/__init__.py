"""Templates page: templates, their versions, and dry runs of versions."""
