"""One module for each of QQ's pages and endpoints."""
