"""Entrepot's own token server: it asks the rules, and signs what they allow."""
