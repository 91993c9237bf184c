"""Work that other machines do: a Ray cluster, and the storage that all its nodes see."""
