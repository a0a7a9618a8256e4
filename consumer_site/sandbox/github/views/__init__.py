"""One module for each of GitHub's pages and endpoints."""
