"""What a pull request does to the results, as a comment; what its run left is not trusted."""
