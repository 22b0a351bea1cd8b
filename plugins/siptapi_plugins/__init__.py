"""The strategies and resolvers that SIPTAPI brings along, one file each."""
