"""From records to the full answers of the API, in the field names of 2025-05-19."""
