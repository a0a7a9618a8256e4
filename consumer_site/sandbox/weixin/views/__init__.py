"""One module for each of WeChat's pages and endpoints."""
