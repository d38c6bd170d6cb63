"""Commands that record: models, capture, suite, predict."""

from __future__ import annotations

from genscope.cli import options


def models() -> None:
    """List the models that can be captured."""
    from genscope.capture.catalog import ENTRIES
    from genscope.cli.output import print_listed

    print_listed([(name, entry.summary) for name, entry in ENTRIES.items()])


def capture(  # noqa: PLR0913  one argument an option of the command
    model: options.Model,
    *,
    profiler: options.Profiler = "torch",
    attention: options.Attention = None,
    size: options.Size = None,
    image_size: options.ImageSize = None,
    frames: options.Frames = None,
    steps: options.Steps = 2,
    batch: options.Batch = None,
    numbers: options.Numbers = (),
    dtype: options.Dtype = None,
    device: options.Device = None,
    out: options.RunsIn = options.TRACES,
) -> None:
    """Run and record one model, and print the path of its run folder."""
    from genscope.capture.script import ScriptRun, capture_script, is_script
    from genscope.capture.session import capture as run
    from genscope.capture.settings import OWN_BATCH, Settings, knobs_of
    from genscope.cli.output import print_line

    scale = size or ("paper" if profiler == "dry" else "tiny")
    own_batch = OWN_BATCH if batch is None else batch
    how = (attention or "flash", scale, image_size, frames, steps, own_batch, dtype, device)
    settings = Settings(model, profiler, *how, knobs=knobs_of(numbers))
    own = ScriptRun(steps, attention, out, profiler, device)
    print_line(capture_script(model, own, settings) if is_script(model) else run(settings, out))


def suite(
    *,
    family: options.Family = "paper",
    profiler: options.Profiler = "dry",
    size: options.SuiteSize = "paper",
    steps: options.Steps = 2,
    dtype: options.Dtype = None,
    device: options.Device = None,
    out: options.RunsIn = options.TRACES,
) -> int:
    """Run and record a family: the paper's eight models, with baseline and flash attention, or all workloads that train.

    Exits with 1 if any run failed.
    """
    from genscope.capture.settings import Settings
    from genscope.capture.suite import plan, seeds, summary
    from genscope.capture.suite import suite as run_all
    from genscope.cli.output import print_line

    base = Settings("llama", profiler, size=size, steps=steps, dtype=dtype, device=device)
    runs = run_all(
        plan(base) if family == "paper" else seeds(base),
        out,
        progress=lambda run: print_line(f"{run.seconds:6.1f} s  {run.folder or run.error}"),
    )
    print_line(summary(runs), keep="\n")
    return 1 if any(run.error for run in runs) else 0


def predict(
    run: options.DryRun,
    *,
    device: options.PredictedDevice,
    out: options.RunsIn = options.TRACES,
) -> None:
    """Predict the times of a dry capture for another device, and print the path of the new run folder.

    Times are of kernels only: at batch 1 an eager run is slower.
    """
    from genscope.analyze.predicted import NOTE
    from genscope.capture.prediction import predict as run_for
    from genscope.cli.output import print_line, print_notes

    print_line(run_for(run, device, out))
    print_notes("predict", [NOTE])


COMMANDS = (models, capture, suite, predict)
