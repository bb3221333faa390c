"""The served document, compiled: routes, plans, validators and projections."""
