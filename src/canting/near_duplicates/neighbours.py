"""The nearest signatures of each signature, without comparing all pairs (HNSW, usearch)."""

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 16
"""How many pictures each picture is compared with at most."""


def neighbours(
    signatures: npt.NDArray[np.float16], queries: npt.NDArray[np.float16]
) -> npt.NDArray[np.int64]:
    """Return `(queries, k)` rows of `signatures`, nearest first; a query may find itself.

    One thread adds, in the order given: the graph, and so the answer, is the same every time.
    """
    from usearch.index import Index

    index = Index(ndim=signatures.shape[1], metric="ip", dtype="f16", expansion_search=128)
    index.add(np.arange(len(signatures)), signatures, threads=1)
    count = min(NEIGHBOURS + 1, len(signatures))
    found = index.search(queries, count, threads=1, exact=len(signatures) <= 4 * NEIGHBOURS)
    return np.asarray(found.keys, dtype=np.int64).reshape(len(queries), count)
