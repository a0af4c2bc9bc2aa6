"""What a run's history says of one epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict


class Figures(TypedDict):
    """Means over the images of one split, in nats an image."""

    loss: float  # that training lowers, with β or the capacity as it was at that epoch
    reconstruction: float  # −E log p(x|z)
    kl: float
    images: int


class Epoch(Mapping[str, Any]):
    """One line of history.jsonl, which does not change: its figures by name, and the line itself as a mapping.

    `elbo`, `reconstruction` and `kl` are of the test split, with one code drawn for each image.
    """

    __slots__ = ("_said",)

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said  # as schema.py takes it

    def __getitem__(self, key: str) -> Any:
        return self._said[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)

    def __repr__(self) -> str:
        return f"Epoch({self._said!r})"

    @property
    def epoch(self) -> int:
        """Its number; 0 is before any training."""
        return int(self._said["epoch"])

    @property
    def test(self) -> Figures:
        """Of the test split, after the epoch."""
        figures: Figures = self._said["test"]
        return figures

    @property
    def train(self) -> Figures:
        """Of the training images: means over the epoch, while the weights changed; at epoch 0 an evaluation."""
        figures: Figures = self._said["train"]
        return figures

    @property
    def elbo(self) -> float:
        """The lower bound in nats an image, −(reconstruction + KL): the higher, the better; pages show −ELBO."""
        return -(self.reconstruction + self.kl)

    @property
    def reconstruction(self) -> float:
        """−E log p(x|z), in nats an image."""
        return self.test["reconstruction"]

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)), in nats an image, summed over the dimensions."""
        return self.test["kl"]

    @property
    def kl_per_dimension(self) -> list[float]:
        """The same of each of the D dimensions, in nats an image."""
        values: list[float] = self._said["kl_per_dimension"]
        return values

    @property
    def active_units(self) -> int:
        """How many dimensions are used; see `objective.evaluate`."""
        return int(self._said["active_units"])

    @property
    def beta(self) -> float | None:
        """β as it was in force at the epoch's end; None in the capacity form."""
        return self._said.get("beta")

    @property
    def capacity(self) -> float | None:
        """The KL capacity C as it was at the epoch's end, in nats; None in the β form."""
        return self._said.get("capacity")

    @property
    def seconds(self) -> float | None:
        """How long the epoch took; None where it does not say."""
        return self._said.get("seconds")
