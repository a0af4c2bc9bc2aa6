"""The way of one image through the model, on Home: what the encoder says, a code drawn from it, what is decoded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from bvae.browser.live import LiveRun
from bvae.runs import find_run
from pages.parts.cursor import Start, image_cursor
from pages.parts.live import open_live
from tests.bench import Bench, live_data
from tests.browsing import canvases

RUN = find_run("mnist-beta4")


@pytest.fixture
def live() -> LiveRun:
    return open_live(RUN, RUN.name)


def shown(page: Page) -> np.ndarray:
    """μ, σ and z of each row, (R, 3)."""
    cells = page.locator(".way tbody tr").evaluate_all(
        "(rows) => rows.map((row) => Array.from(row.querySelectorAll('td'), (cell) => cell.innerText).slice(-3))"
    )
    return np.array([[float(text.replace("−", "-")) for text in row] for row in cells])


def decoded(page: Page) -> np.ndarray:
    return canvases(page.locator(".way .decoded"))[0]


def test_each_figure_is_the_encoders_and_the_picture_is_that_of_the_code(bench: Bench, live: LiveRun) -> None:
    bench.publish_run(live)
    bench.mount("way", live_data(live))
    page, probe, latents = bench.page, RUN.probe(), RUN.latents()
    index = image_cursor(live.space)["start"]["index"]
    place = int(np.flatnonzero(probe.indices == index)[0])
    np.testing.assert_array_equal(canvases(page.locator(".way .original"))[0], probe.images[place].ravel())
    order = [*live.order[: live.active], live.order[live.active]]  # those that carry something, and one that does not
    heads = page.locator(".way tbody th").all_inner_texts()
    assert [head.split()[0] for head in heads] == [f"z{dimension}" for dimension in order]
    assert heads[-1].endswith(f"and {len(live.order) - live.active - 1} more")
    mean, deviation = latents.mean[place], np.exp(latents.log_variance[place] / 2)
    mu, sigma, _ = shown(page).T
    np.testing.assert_allclose(mu, mean[order], atol=0.006)
    np.testing.assert_allclose(sigma, deviation[order], atol=0.006)

    drawn = []
    for _ in range(40):
        page.get_by_role("button", name="Draw another code").click()
        z = shown(page)[:, 2]
        drawn.append((z - mean[order]) / deviation[order])
    assert 0.8 < np.std(drawn) < 1.2  # of 400 numbers: ε is from N(0, I)
    code = mean.copy()  # what carries nothing changes nothing, so that it need not be shown
    code[order] = shown(page)[:, 2]
    expected = RUN.model().decode(torch.from_numpy(code[None])).numpy().ravel()
    assert np.abs(decoded(page) - 255 * expected).mean() < 3


def test_it_draws_until_it_is_stopped_and_follows_image_and_epoch(bench: Bench, live: LiveRun) -> None:
    bench.publish_run(live)
    bench.mount("way", live_data(live))
    page = bench.page
    codes = page.locator(".way td.code")
    before = codes.first.inner_text()
    page.get_by_role("button", name="Keep drawing").click()
    stop = page.get_by_role("button", name="Stop drawing")
    expect(stop).to_have_attribute("aria-pressed", "true")
    expect(codes.first).not_to_have_text(before)
    second = codes.first.inner_text()
    expect(codes.first).not_to_have_text(second)
    stop.click()
    still = shown(page).tolist()
    page.wait_for_timeout(1_500)
    assert shown(page).tolist() == still

    bench.redraw(live_data(live))  # a rerun brings the same again
    assert shown(page).tolist() == still
    other = int(live.space.indices[5])
    first = live.space.epochs[0]
    cursor = image_cursor(live.space, Start(kind="digit", index=other), first)
    bench.publish("runs", live.rest)
    bench.redraw(live_data(live, cursor=cursor, revision=2))
    place = int(np.flatnonzero(RUN.probe().indices == other)[0])
    expect(page.locator(".way .result figcaption")).to_have_text("decoded from the code z at epoch 0")
    np.testing.assert_array_equal(canvases(page.locator(".way .original"))[0], RUN.probe().images[place].ravel())
    np.testing.assert_allclose(shown(page)[:, 1], 1, atol=0.3)  # before training q(z|x) is near the prior


def test_a_code_that_is_no_images_shows_the_first_image(bench: Bench, live: LiveRun) -> None:
    bench.publish_run(live)
    cursor = image_cursor(live.space) | {"start": {"kind": "origin"}}
    bench.mount("way", live_data(live, cursor=cursor))
    assert canvases(bench.page.locator(".way .original"))[0].max() > 200


def test_an_image_beyond_the_gallery_is_called_by_its_own_number_and_class(bench: Bench, live: LiveRun) -> None:
    probe = RUN.probe()
    place = int(np.flatnonzero(~np.isin(probe.indices, live.space.indices))[0])
    index = int(probe.indices[place])
    guest = live.space.guest("digit", index)
    assert guest
    bench.publish_run(live)
    cursor = image_cursor(live.space, Start(kind="digit", index=index))
    bench.mount("way", live_data(live, cursor=cursor, guests=[guest.packed()]))
    label = f"Test image {index}, class {RUN.class_names[probe.labels[place]]}"
    expect(bench.page.get_by_role("img", name=label)).to_be_visible()
