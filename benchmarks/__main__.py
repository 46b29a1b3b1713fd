"""`python -m benchmarks [NAME ...]`, from the repository root: run, print, keep, draw."""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path

import click

NAMES = (
    "unseen",
    "known",
    "scaling",
    "check",
    "memory",
    "start",
    "verdicts",
    "false_alarms",
    "peers",
)
RESULTS = Path(__file__).parent / "results"
# Read once, when NumPy, JAX and torch are first imported: hence no import of theirs above.
# XLA's own pool takes its size from NPROC; the flag alone leaves it as large as the machine.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--quick", is_flag=True, help="A small run of everything, to see that it works.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where JSON and pictures go: benchmarks/results, or with --quick a temporary folder.",
)
@click.option("--png", is_flag=True, help="Draw PNG beside SVG.")
def main(names: tuple[str, ...], quick: bool, results: Path | None, png: bool) -> None:
    """Measure what backproof costs, beside what else there is.

    All benchmarks unless named. Everything runs in one thread.
    """
    os.environ.update(ONE_THREAD)
    if quick:
        os.environ["XLA_FLAGS"] += " --xla_backend_optimization_level=0"
    if results is None:
        results = Path(tempfile.mkdtemp(prefix="benchmarks-")) if quick else RESULTS
    report, pictures = import_module("benchmarks.report"), import_module("benchmarks.pictures")
    for name in names or NAMES:
        benchmark = import_module(f"benchmarks.{name}")
        if hasattr(benchmark, "counted"):
            counted = benchmark.counted(quick)
            counted.show()
            counted.write(results / f"{name}.json", quick)
            continue
        rows = list(benchmark.rows(quick))
        report.show(benchmark.ABOUT, rows)
        report.write(benchmark.ABOUT, rows, results / f"{name}.json", quick)
        kinds = ("svg", "png") if png else ("svg",)
        files = [results / f"{name}.{kind}" for kind in kinds]
        click.echo(pictures.draw(benchmark.ABOUT, rows, files), err=True)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
