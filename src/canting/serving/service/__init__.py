"""The service: pages and a REST interface on one bundle."""
