"""Export the winner to other formats, each compared with float32 out of fold."""

from canting.config.exports import FLOAT32
from canting.config.stage import BUILD, CACHE, RESULTS, stage
from canting.core import runtime
from canting.evaluation.export import record


def main() -> None:
    with stage("export") as params:
        if not set(params.export.formats) - {FLOAT32}:
            record.without_exports(BUILD, RESULTS / "export")
            return
        runtime.prepare(threads=runtime.TAIL_THREADS)
        runtime.import_keras()
        from canting.evaluation.export import writing
        from canting.evaluation.export.exports import Winner

        winner = Winner.of_run(params, BUILD, RESULTS, CACHE)
        writing.write(winner, params.export, BUILD, RESULTS / "export")


if __name__ == "__main__":
    main()
