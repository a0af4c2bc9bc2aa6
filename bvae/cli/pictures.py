"""Commands that draw: images, sample, reconstruct, traverse, interpolate."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bvae.cli.arguments import Commands, finite, output_flag, png_or_gif_path, png_path, positive, seed, steps
from bvae.cli.output import heading, print_table, whole_file, write_sheet
from bvae.config import ConfigError
from bvae.numbers import number, turns
from bvae.runs import Run, find_run


def add(commands: Commands) -> None:
    """Add these commands."""
    images = commands.add("images", _images, "look at your own images before a model learns from them", run=False)
    images.add_argument("path", metavar="PATH", help="a folder or zip of pictures, .npz, .npy, .csv or IDX files")
    images.add_argument("--json", action="store_true", help="print one JSON object")
    images.add_argument("-o", "--output", type=png_path, metavar="FILE", help="save 100 of them as this PNG file")

    sample = commands.add("sample", _sample, "decode codes drawn from N(0, I)")
    sample.add_argument("--count", type=positive, default=100, help="how many (default 100)")
    sample.add_argument("--seed", type=seed, default=0, help="repeats the draw (default 0)")
    sample.add_argument("--temperature", type=finite, default=1.0, help="standard deviation of the draw (default 1)")
    output_flag(sample)

    reconstruct = commands.add("reconstruct", _reconstruct, "test images above their reconstructions")
    reconstruct.add_argument("--count", type=positive, default=10, help="how many (default 10)")
    output_flag(reconstruct)

    traverse = commands.add("traverse", _traverse, "one row a dimension, ordered by KL, each moved from end to end")
    traverse.add_argument("--image", type=int, help="test image to start from; by default the origin")
    traverse.add_argument("--steps", type=steps, default=11, help="pictures a row (default 11)")
    traverse.add_argument("--reach", type=finite, default=3.0, help="how far to either side (default 3)")
    output_flag(traverse)

    interpolate = commands.add("interpolate", _interpolate, "walk from one test image to another")
    for flag_name, dest, verb in (("--from", "start", "start from"), ("--to", "end", "end at")):
        either = interpolate.add_mutually_exclusive_group(required=True)
        either.add_argument(flag_name, dest=dest, type=int, metavar="INDEX", help=f"test image to {verb}")
        either.add_argument(f"{flag_name}-class", dest=f"{dest}_class", metavar="CLASS",
                            help=f"class to {verb}, such as 3: its first test image")  # fmt: skip
    interpolate.add_argument("--steps", type=steps, default=16, help="pictures, both ends counted (default 16)")
    interpolate.add_argument("--method", choices=("linear", "spherical"), default="linear")
    output_flag(interpolate, "the PNG or GIF file to write", png_or_gif_path)


def _images(options: argparse.Namespace) -> None:
    from bvae.images import collect

    found = collect(options.path)
    counts, (count, height, width) = found.counts(), found.images.shape
    if options.json:
        print(json.dumps({
            "images": count, "height": height, "width": width, "test": int(found.test.sum()), "classes": counts,
            "notes": found.notes,
        }, ensure_ascii=False))  # fmt: skip
    else:
        print(f"{count:,} images of {height} × {width} pixels")
        for note in found.notes:
            print(f"  {note}")
        print_table(["class", "images"], [[name, f"{many:,}"] for name, many in counts.items()], {"class"})
    if options.output:
        from bvae.pictures import save_sheet

        shown = found.preview(100)
        title = [Path(options.path).name, f"{len(shown)} of {count:,} images"]
        with whole_file(options.output) as unfinished:
            save_sheet(unfinished, found.images[shown], 10, title)
        print(options.output)


def _sample(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    from bvae.latent import sample_prior

    codes = sample_prior(options.count, run.config.latent_dim, options.seed, options.temperature)
    columns = _square(options.count)
    many = options.count > 1
    drawn = f"temperature {options.temperature:g}, seed {options.seed}"
    write_sheet(
        options, run, epoch, model.decode(codes).numpy(), columns,
        f"Decoded: {options.count} code{'s' * many} from N(0, I), {drawn}",
        rows=[str(first + 1) for first in range(0, options.count, columns)] if many else [],
    )  # fmt: skip


def _reconstruct(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    import numpy as np

    probe = run.probe()
    if not 1 <= options.count <= len(probe.images):
        raise ConfigError(f"--count is {options.count}, and the run's probe set has {len(probe.images)} images.")
    # The probe set is sorted by its place in the test split, which mixes the classes; take one of each in turn.
    turn = np.argsort(turns(probe.labels), kind="stable")[: options.count]
    originals = probe.images[turn]
    pairs = np.concatenate([originals / 255.0, model(originals).numpy()])
    write_sheet(
        options, run, epoch, pairs, options.count, "Test images and their reconstructions; above them class and number",
        rows=["original", "reconstruction"],
        heads=[f"{run.class_names[probe.labels[place]]}\n#{probe.indices[place]}" for place in turn],
    )  # fmt: skip


def _traverse(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    import torch

    from bvae.latent import traverse
    from bvae.pictures import cut

    code = torch.zeros(run.config.latent_dim)
    if options.image is not None:
        code = model.encode(_test_image(run, options.image))[0]
    kl = next(record.kl_per_dimension for record in run.history() if record.epoch == epoch)
    dimensions = sorted(range(run.config.latent_dim), key=lambda j: -kl[j])
    values = torch.linspace(-options.reach, options.reach, options.steps)
    codes = traverse(code, dimensions, values)
    pictures = model.decode(codes.flatten(0, 1)).numpy()
    start = "the origin" if options.image is None else _name_test_image(run, options.image)
    called = run.called(epoch)
    write_sheet(
        options, run, epoch, pictures, options.steps,
        f"From {start}: in each row one dimension is set to the values over the columns; KL in nats",
        rows=[f"{cut(called[j], 40)} · KL {number(kl[j])}" for j in dimensions],
        heads=[f"{round(value, 2) + 0:g}" for value in values.tolist()],
    )  # fmt: skip
    print(f"rows from the top: {' '.join(f'z{j}' for j in dimensions)}", file=sys.stderr)


def _interpolate(options: argparse.Namespace) -> None:
    run = find_run(options.run)
    epoch = run.snapshot(options.epoch)
    model = run.model(epoch)

    from bvae.latent import interpolate
    from bvae.pictures import save_animation

    ends = [
        (_first_of_class(run, name) if name is not None else index)
        for index, name in ((options.start, options.start_class), (options.end, options.end_class))
    ]
    start, end = (model.encode(_test_image(run, index))[0] for index in ends)
    pictures = model.decode(interpolate(start, end, options.steps, options.method)).numpy()
    names = [_name_test_image(run, index) for index in ends]
    along = [f"{step / (options.steps - 1):.2f}" for step in range(options.steps)]
    what = f"From {names[0]} to {names[1]}, {options.method}"
    if options.output is not None and options.output.suffix.lower() == ".gif":
        with whole_file(options.output) as unfinished:
            moments = [f"at {share} of the way" for share in along]
            save_animation(unfinished, pictures, [heading(run, epoch), what], moments)
        print(options.output)
    else:
        write_sheet(
            options,
            run,
            epoch,
            pictures,
            options.steps,
            f"{what}; above each picture its share of the way",
            heads=along,
        )
    for flag_name, index in (("--from", options.start), ("--to", options.end)):
        _tell_digit(run, flag_name, index)


def _name_test_image(run: Run, index: int) -> str:
    from bvae.data import load_dataset
    from bvae.pictures import cut

    label = int(load_dataset(run.config.dataset).test.labels[index])
    return f"test image {index} ({cut(run.class_names[label])})"


def _test_image(run: Run, index: int) -> Any:
    from bvae.data import load_dataset

    pixels = load_dataset(run.config.dataset).test.pixels
    if not 0 <= index < len(pixels):
        raise ConfigError(f"Test image {index} does not exist: they are numbered 0 to {len(pixels) - 1}.")
    return pixels[index : index + 1]


def _first_of_class(run: Run, name: str) -> int:
    from bvae.data import load_dataset

    if name not in run.class_names:
        raise ConfigError(f"There is no class {name!r}. There are: {', '.join(run.class_names)}.")
    labels = load_dataset(run.config.dataset).test.labels
    return int((labels == run.class_names.index(name)).nonzero()[0, 0])


def _tell_digit(run: Run, flag: str, index: int | None) -> None:
    """Say what a test image shows whose number could have been meant for a digit."""
    from bvae.data import load_dataset

    if str(index) in run.class_names and index is not None:
        shown = run.class_names[int(load_dataset(run.config.dataset).test.labels[index])]
        if shown != str(index):
            print(f"{flag} {index} is test image {index}, which shows {shown}. For class {index}: {flag}-class {index}",
                  file=sys.stderr)  # fmt: skip


def _square(count: int) -> int:
    return max(1, round(count**0.5))
