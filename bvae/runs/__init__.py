"""The run directory: the only code that knows its files. A trainer writes it, everything else reads it.

    <name>/
      config.json               what repeats the run: the config, the data's hash, the library versions, the command
      status.json               state, epoch, pid, heartbeat, error
      history.jsonl             one object an epoch, epoch 0 (before any training) first
      probe.safetensors         test images and labels whose latents are followed through the epochs
      epochs/0000.safetensors   weights at that epoch, in float32, or float16 to be small
      latents/0000.safetensors  mean and log-variance of every probe image at that epoch, likewise
      state.safetensors         what resuming needs to continue as if never stopped
      layout.safetensors        the film of latent space: where every probe image lies in the plane at every snapshot
      layout.json               its state, and how true it is; see film.py
      factors.safetensors       what was measured on the probe images themselves: thickness, slant, …
      metrics.json              what was measured of it, a record an epoch; see metrics/measuring.py
      measuring.json            how far the process is that measures; there only while it does, or when it failed
      names.json                what a person calls the latent dimensions
      lesson.json               a lesson that travels with it; see bvae/lessons.py
      lock, layout.lock, metrics.lock   held by the one process that may write the run, its film, what is measured

JSON and safetensors only: nothing of a run can execute anything when it is loaded. From the ground up: schema.py says
what the JSON may say, record.py what is known of an epoch; files.py names, reads and writes the files, writers.py tells
whether a writer lives, folders.py where runs are; reading.py makes a `Run` of it, finding.py lists them, and writing.py
writes one. Each imports only from those before it. Imports torch only where a model is asked for, because the app's
first page needs runs but not torch.
"""

from bvae.runs.files import (
    FORMAT,
    OTHER_EPOCHS,
    UNSAFE_SUFFIXES,
    RunError,
    Tensors,
    digest,
    film_lock,
    is_run_file,
    metrics_lock,
    read_json,
    read_tensors,
    run_files,
    run_lock,
    write_json,
    write_tensors,
)
from bvae.runs.finding import find_run, list_runs, run_argument
from bvae.runs.folders import (
    BESIDE_APP,
    BUNDLED_RUNS,
    SWEEP,
    UNFINISHED,
    check_run_name,
    folders_in,
    folders_searched,
    is_reserved,
    is_run,
    lesson_file,
    own_folder,
    remove_unfinished,
    run_folders,
)
from bvae.runs.reading import Film, Latents, Probe, Run, model_shapes
from bvae.runs.record import Epoch, Figures
from bvae.runs.writers import process_lives, writer_lives
from bvae.runs.writing import (
    RunWriter,
    State,
    check_new_run,
    name_dimension,
    read_state,
    write_config,
    write_factors,
    write_film,
    write_film_about,
    write_measuring,
    write_metrics,
    write_small,
    write_status,
)

__all__ = [
    "BESIDE_APP", "BUNDLED_RUNS", "FORMAT", "OTHER_EPOCHS", "SWEEP", "UNFINISHED", "UNSAFE_SUFFIXES", "Epoch",
    "Figures", "Film", "Latents", "Probe", "Run", "RunError", "RunWriter", "State", "Tensors", "check_new_run",
    "check_run_name", "digest", "film_lock", "find_run", "folders_in", "folders_searched", "is_reserved", "is_run",
    "is_run_file", "lesson_file", "list_runs", "metrics_lock", "model_shapes", "name_dimension", "own_folder",
    "process_lives", "read_json", "read_state", "read_tensors", "remove_unfinished", "run_argument", "run_files",
    "run_folders", "run_lock", "write_config", "write_factors", "write_film", "write_film_about", "write_json",
    "write_measuring", "write_metrics", "write_small", "write_status", "write_tensors", "writer_lives",
]  # fmt: skip
