"""The Bento: bundle, code and requirements of the service, and nothing else."""
