"""Parts that do not depend on networks: errors, files, records, paths, random streams and fingerprints of code."""
